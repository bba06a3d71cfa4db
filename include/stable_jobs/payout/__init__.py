"""What leaves the bureau: lists, their files, and the folders they are published in, write-once."""
