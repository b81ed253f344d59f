"""The first thing a newcomer meets: the home page, in time and without an error."""

import time

from playwright.sync_api import expect

from tests.e2e.screen import settled, shot

BAR = 3.0  # seconds


def test_home_opens_within_three_seconds(visit):
    began = time.monotonic()
    page = visit()
    expect(page.get_by_role("button", name="Train a VAE")).to_be_visible()
    assert time.monotonic() - began <= BAR


def test_home_is_drawn_in_both_schemes(visit, scheme):
    page = visit(scheme=scheme)
    expect(page.get_by_role("button", name="Train a VAE")).to_be_visible()
    settled(page)
    shot(page, f"home-{scheme}")
