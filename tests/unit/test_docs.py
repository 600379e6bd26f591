"""The documentation names what there is: links, the tree, the rules of the graphs, the version."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

from heavytail.config.settings import checked
from support.project import ROOT

FOLDERS = (".", "docs", "config", "profiles", "benchmarks", "resources/*")
PAGES = sorted(path for folder in FOLDERS for path in ROOT.glob(f"{folder}/*.md"))
PAGES.append(ROOT / "results/README.md")
# Folders of which a line may stand for all modules: these are rows of tables, or ways of one thing.
OF_ROWS = ("families", "tasks", "measures", "metrics", "allocators", "methods", "within_block")
PACKAGE = ROOT / "scripts/heavytail"


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """What links may name of a page, as the hosts of git repositories make it from its titles."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


def tree(text: str) -> set[str]:
    """The paths of an indented tree, from its first folder on."""
    found, folders = set(), []
    for line in text.splitlines():
        if not line.strip():
            continue
        depth, name = (len(line) - len(line.lstrip())) // 2, line.split()[0]
        folders[depth:] = [name]
        found.add("".join(folders))
    return found


def test_the_tree_has_a_line_for_every_file_of_rules_and_package():
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    listed = tree(page.split("## The tree")[1].split("```")[1])
    files = {named(path) for path in ROOT.glob("rules/*.smk")}
    for path in PACKAGE.rglob("*.py"):
        in_rows = path.parent.name in OF_ROWS
        if path.name != "__init__.py":
            files.add(f"{named(path.parent)}/" if in_rows else named(path))
    assert files - listed == set(), "without a line"
    assert {path for path in listed if not (ROOT / path).exists()} == set(), "lines without a file"


def rules() -> set[str]:
    found = "\n".join(path.read_text("utf-8") for path in ROOT.glob("rules/*.smk"))
    return set(re.findall(r"^ *(?:rule|checkpoint) (\w+):", found, re.MULTILINE))


def test_the_graphs_have_the_rules():
    page = (ROOT / "docs/how-it-works.md").read_text("utf-8")
    graphs = "".join(re.findall(r"```mermaid\nflowchart LR\n(.*?)```", page, re.DOTALL))
    nodes = set(re.findall(r"\w+", graphs))
    assert nodes - rules() == set(), "nodes that are no rules"
    others = {name for name in rules() - nodes if f"`{name}`" not in page}
    assert others == set(), "rules that the page lacks"


def test_the_config_of_the_readme_is_valid():
    (example,) = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    schema = yaml.safe_load((ROOT / "config/schema.yaml").read_text("utf-8"))
    checked(yaml.safe_load(example), schema, [ROOT])


def test_the_newest_version_of_the_changelog_is_the_project_s():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == project["version"]


def test_the_citation_has_what_its_format_asks_for():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0" and citation["authors"]
    assert citation["title"] and citation["message"]
    # It would be a second place for it.
    assert "version" not in citation
