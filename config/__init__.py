"""What an operator may change, and the files that ship with the program."""
