"""Recordings of a cluster, and their replay onto one."""
