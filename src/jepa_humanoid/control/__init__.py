"""The whole-body controller: rigid-body dynamics, tasks, contacts and limits in one quadratic program."""
