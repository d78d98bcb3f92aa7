"""What the Fine-tune screen is put together from: the jobs, the one in sight, what can be done with it, a new one."""
