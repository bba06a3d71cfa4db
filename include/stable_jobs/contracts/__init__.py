"""What departments promise: contract documents, and all that is projected from their column lists."""
