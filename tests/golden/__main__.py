"""Write the expected files of all cases anew."""

from tests.golden.cases import CASES, outcome

for case in CASES:
    for name, content in outcome(case).items():
        (case / name).write_bytes(content)
    print(f"{case.name}: written, see the difference")
