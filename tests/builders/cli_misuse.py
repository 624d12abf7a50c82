"""The folder that docs/wrong-uses.md speaks of."""

from pathlib import Path

__all__ = ["FILES", "prepare"]

FILES = {
    "train.py": "lr = 0.01\nprint('rate', lr)\n",
    "args.py": (
        "import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float)\n"
        "print(p.parse_args().lr)\n"
    ),
    "broken.py": "lr = (1\n",
    "notes.sh": "echo notes\n",
    "fit.sh": "#!/bin/sh\necho done\n",
    "data/1.txt": "1\n",
    "sealed.db": "This is no database.\n" * 100,
    "forever.py": "import time\nlr = 1\nprint(lr)\nwhile True:\n    time.sleep(1)\n",
    "stubborn.py": (
        "import signal, subprocess, sys, time\nlr = 1\nprint(lr)\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen([sys.executable, 'forever.py'])\ntime.sleep(60)\n"
    ),
    "forks.py": (
        "import subprocess, sys\nlr = 1\nprint(lr)\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    ),
    "flood.py": (
        "import sys\nlr = 1\nfor _ in range(100):\n    sys.stdout.write(str(lr) * 10 ** 6)\n"
    ),
    "binary.py": "import sys\nn = 1\nlr = 1\nsys.stdout.buffer.write(bytes(range(256)) * lr)\n",
    "fails.py": "lr = 1\nraise ValueError('no luck' * (lr > 0))\n",
    "dies.py": "import os\nlr = 1\nos.kill(os.getpid(), 9 if lr else 0)\n",
    "reports.py": (
        "import json, os\nlr = 1\n"
        "out = open(os.environ['SONDE_TRIAL_DIR'] + '/reports.jsonl', 'a')\n"
        "print(json.dumps({'val_loss': lr, 'nan': float('nan'), 'zero': 0.0}), file=out)\n"
    ),
    "shadows.py": "sum = 3\nprint(sum)\n",
    "imports.py": "from rates import lr\nprint(lr)\n",
    "größe & mehr.py": "lr = 1\nprint(lr)\n",
}


def prepare(folder: Path) -> None:
    """Put the files there."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "fit.sh").chmod(0o755)
    (folder / ".sonde").mkdir()
