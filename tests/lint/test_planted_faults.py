"""Each fault is named with its file, its line, its rule and a mend."""

import pytest

from local.lint import command
from tests.lint.planted import FAULTS
from tests.planting import plant


def test_the_manifests_as_they_stand_are_clean(look, base):
    assert [] == look(base)


@pytest.mark.parametrize("fault", FAULTS, ids=[name.replace(" ", "-") for name in FAULTS])
def test_a_planted_fault_is_found(look, base, fault):
    wanted = plant(base[0].parent, *FAULTS[fault])

    found = look(base)

    assert wanted in {each[:3] for each in found}
    assert [] == [each for each in found if not each[3] or not each[4]]


def test_there_are_forty_faults_and_more():
    assert len(FAULTS) >= 40


def test_the_command_ends_with_1_and_names_file_line_rule_and_mend(capsys, base):
    wake = base[1] / "200-generate.yaml"
    wake.write_text(wake.read_text().replace("timeout: PT610S", "timeout: PT10S"))

    assert 1 == command.run(base, None)

    (line,) = capsys.readouterr().out.splitlines()
    where, rule, said = line.split(": ", 2)
    assert f"{wake.resolve()}:24" == where
    assert "delivery" == rule
    assert said.endswith("it is rung twice. Mend: Write more than PT600S.")


def test_the_command_ends_with_0_where_nothing_is_wrong(capsys, base):
    assert 0 == command.run(base, None)
    assert "" == capsys.readouterr().out
