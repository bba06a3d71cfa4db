"""Nightly eligibility and disbursement of the job-stabilisation refund (失业保险稳岗返还)."""

__version__ = "0.1.0"
