"""Signing secrets are kept encrypted, with a key that is set or made once."""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from config.setting_group import SettingsError
from config.settings import Settings
from connectors.outbound.secrets import KEY_FILE, SecretBox, Undecryptable, new_secret

SECRET = new_secret()


def key() -> str:
    return Fernet.generate_key().decode()


def box(folder: Path, **more: Any) -> SecretBox:
    return SecretBox(Settings(_env_file=None, data_dir=folder, **more))


def test_a_secret_is_random_and_of_a_length_standard_webhooks_allow() -> None:
    assert new_secret() != SECRET
    assert 24 <= len(base64.b64decode(SECRET.removeprefix("whsec_"), validate=True)) <= 64


def test_what_is_stored_does_not_show_the_secret(tmp_path: Path) -> None:
    ours = box(tmp_path, outbound_key=key())
    stored = ours.encrypt(SECRET)
    assert SECRET.removeprefix("whsec_") not in stored
    assert ours.decrypt(stored) == SECRET
    assert not (tmp_path / KEY_FILE).exists()


def test_without_a_key_one_is_made_on_the_first_use_for_this_user_alone_and_others_read_it(tmp_path: Path) -> None:
    sender = box(tmp_path)
    with pytest.raises(Undecryptable, match=r"SHIPSYNC_OUTBOUND_KEY is not set, and .*outbound.key cannot be read"):
        sender.decrypt("anything")
    assert not (tmp_path / KEY_FILE).exists()
    stored = box(tmp_path).encrypt(SECRET)
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert sender.decrypt(stored) == SECRET
    assert box(tmp_path).decrypt(box(tmp_path).encrypt(SECRET)) == SECRET


def test_a_wrong_key_is_said_to_be_one_and_names_the_setting(tmp_path: Path) -> None:
    stored = box(tmp_path, outbound_key=key()).encrypt(SECRET)
    with pytest.raises(Undecryptable, match=r"another key .*SHIPSYNC_OUTBOUND_KEY"):
        box(tmp_path, outbound_key=key()).decrypt(stored)


def test_a_new_key_before_the_old_one_reads_both(tmp_path: Path) -> None:
    old, new = key(), key()
    stored = box(tmp_path, outbound_key=old).encrypt(SECRET)
    both = box(tmp_path, outbound_key=f"{new}, {old}")
    assert both.decrypt(stored) == SECRET
    assert box(tmp_path, outbound_key=new).decrypt(both.encrypt(SECRET)) == SECRET


def test_a_key_that_is_none_is_a_wrong_setting_and_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SHIPSYNC_OUTBOUND_KEY: each key is 32 bytes") as raised:
        box(tmp_path, outbound_key="hush")
    assert "hush" not in str(raised.value)
