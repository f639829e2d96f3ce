"""Benchmarks: each is a program that prints its figures. None is part of the tests."""
