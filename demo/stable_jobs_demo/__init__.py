"""The demonstration: five cities' extracts from a seed, with planted faults and the expected answers."""
