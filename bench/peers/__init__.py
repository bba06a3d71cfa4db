"""The night beside what people would use instead: `make bench-peers`. How it is compared: bench/README.md."""
