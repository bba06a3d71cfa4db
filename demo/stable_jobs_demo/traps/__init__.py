"""Trap classes: units built so that their outcome is known before any rule has run."""
