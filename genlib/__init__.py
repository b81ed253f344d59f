"""The core of Latent Lab: data, models, training and latent space. Runs, and is tested, without Streamlit."""

import os
from pathlib import Path

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def home() -> Path:
    """Return the folder that keeps runs and data: $LATENT_LAB_HOME, else ~/.latent-lab."""
    return Path(os.environ.get("LATENT_LAB_HOME") or Path.home() / ".latent-lab")
