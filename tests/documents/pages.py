"""What documents tell people to type, held against the program."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streams.settings import NOT_SETTINGS, Settings, variables_of
from tests.command_line import every_command

REPOSITORY: Final = Path(__file__).parents[2]


class Page:
    """A document of the repository, by its path from the repository's folder."""

    def __init__(self, path: str) -> None:
        self.path = REPOSITORY / path
        self.text = self.path.read_text()

    @property
    def words(self) -> int:
        """How many words it has, as `wc -w` counts them."""
        return len(self.text.split())

    def blocks(self, language: str) -> list[str]:
        """The code blocks of a language."""
        return blocks(self.text, language)

    def table(self, first_column: str) -> list[list[str]]:
        """The rows of the table whose first column has this title, without backticks."""
        lines = self.text.splitlines()
        [start] = [n for n, line in enumerate(lines) if line.startswith(f"| {first_column} |")]
        rows = []
        for line in lines[start + 2 :]:
            if not line.startswith("|"):
                break
            rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
        return rows

    def shell_lines(self) -> list[str]:
        """The commands that it tells people to type."""
        return shell_lines(self.text)

    def code(self) -> str:
        """All that it sets as code within its sentences, and what it tells people to type."""
        return "\n".join([*re.findall(r"`([^`\n]+)`", self.text), *self.shell_lines()])

    def links(self) -> list[str]:
        """Where its links lead, pictures among them; each once."""
        return sorted(set(re.findall(r"\]\(([^)]+)\)", self.text)))

    def broken_links(self) -> list[str]:
        """Links that lead to no file of the repository, or to no heading of that file."""
        return [link for link in self.links() if not self._leads_somewhere(link)]

    def _leads_somewhere(self, link: str) -> bool:
        file, _, anchor = link.partition("#")
        target = self.path.parent / file if file else self.path
        if not target.resolve().is_relative_to(REPOSITORY) or not target.exists():
            return False
        return not anchor or anchor in anchors(target.read_text())


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of a language, without the indentation that they have in a list."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", block, flags=re.MULTILINE) for indent, block in found]


def section(text: str, heading: str) -> str:
    """What stands under a heading of the second level."""
    [found] = re.findall(
        rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    return str(found)


def shell_lines(text: str) -> list[str]:
    """The commands of the blocks for a shell, one that is broken over lines in one."""
    return [
        line for block in blocks(text, "sh") for line in re.sub(r"\\\n\s*", "", block).splitlines()
    ]


def calls(text: str) -> list[list[str]]:
    """Every call of `unhaunt`, in blocks and between words: what follows the program's name."""
    quoted = re.findall(r"`([^`]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.M | re.S))
    found = []
    for line in (*shell_lines(text), *quoted):
        for command in re.split(r"&&|\||(?<!-)&|>|;", line):
            words = shlex.split(command, posix=True) if _is_shell(command) else command.split()
            while words and (re.match(r"\w+=", words[0]) or words[0] == "export"):
                words = words[1:]
            if words[:1] == ["unhaunt"]:
                found.append(words[1:])
    return found


def _is_shell(text: str) -> bool:
    return text.count("'") % 2 == 0 and text.count('"') % 2 == 0


def unknown_calls(text: str) -> list[str]:
    """Calls of `unhaunt` that name a command or an option that there is not."""
    return [problem for words in calls(text) for problem in _unknown_in(words)]


def _unknown_in(words: list[str]) -> Iterator[str]:
    commands = every_command()
    path, rest = "", list(words)
    while rest and not rest[0].startswith("-") and hasattr(commands[path], "commands"):
        word = rest.pop(0)
        path = f"{path} {word}".strip()
        if path not in commands:
            yield f"unhaunt {' '.join(words)}: no command {word}"
            return
    command = commands[path]
    known = {name for parameter in command.params for name in parameter.opts}
    known |= {name for parameter in command.params for name in parameter.secondary_opts}
    for word in rest:
        option = word.split("=")[0]
        if option.startswith("-") and option not in known | {"--help", "-", "-h"}:
            yield f"unhaunt {' '.join(words)}: no option {option}"


def unknown_settings(text: str) -> set[str]:
    """Variables that are named and that nothing reads."""
    known = variables_of(Settings()).keys() | NOT_SETTINGS
    return {*re.findall(r"\bUNHAUNT_[A-Z_]*[A-Z]", text)} - known


def anchors(text: str) -> set[str]:
    """The headings as links name them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
