"""What a body is: its description, its state and the commands it takes."""
