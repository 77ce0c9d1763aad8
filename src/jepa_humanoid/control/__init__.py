"""The whole-body QP: tasks, contacts, limits, one solver adapter."""
