"""The cases that a view in any language must pass: `python -m tests.conformance` writes them.

What is expected is what the domain decides, so a case that changes shows a change of the contract.
"""
