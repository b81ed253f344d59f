"""The core of Latent Lab: data, models, training and latent space. Runs, and is tested, without Streamlit."""

import os
from pathlib import Path

# Threads that wait must sleep, not spin: where training, page and browser share two cores, spinning made a step a hundred times slower.
# Read by OpenMP when torch, scikit-learn or openTSNE is first imported, here or in a process of ours.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

ASSETS = Path(__file__).resolve().parent.parent / "assets"


def home() -> Path:
    """Return the folder that keeps runs and data: $LATENT_LAB_HOME, else ~/.latent-lab."""
    return Path(os.environ.get("LATENT_LAB_HOME") or Path.home() / ".latent-lab")
