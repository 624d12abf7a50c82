"""The folder that docs/wrong-uses.md speaks of."""

from pathlib import Path

__all__ = ["FILES", "SWEEPS", "prepare"]

_HEAD = "program: args.py\nmethod: random\n"
_LR = "parameters: {lr: {min: 0.1, max: 1.0}}\n"
SWEEPS = {
    "tabs": "program: args.py\nparameters:\n\tlr: {value: 1}\n",
    "twice": f"{_HEAD}{_LR}method: grid\n",
    "slips": f"program: arg.py\nmethd: grid\nmethod: randm\n{_LR}",
    "empty": "# later\n",
    "list": "[1, 2]\n",
    "swapped": f"{_HEAD}parameters:\n  lr: {{min: 1, max: 0}}\n",
    "quoted": f"{_HEAD}parameters:\n  lr: {{min: 1e-3, max: '1e-1'}}\n",
    "bare": f"{_HEAD}parameters:\n  lr: 0.1\n  bs: [1, 2]\n",
    "unnamed": f"{_HEAD}metric: {{goal: minimise}}\n{_LR}",
    "endless": f"program: args.py\nmethod: grid\n{_LR}",
    "blind": f"program: args.py\nmethod: bayes\n{_LR}",
    "macro": f"{_HEAD}{_LR}command: [python, '${{progam}}', '${{args}}']\n",
    "words": f"{_HEAD}{_LR}command: python args.py\n",
    "launch": f"method: random\njob: a/b:latest\n{_LR}",
    "when": f"{_HEAD}parameters:\n  lr: {{value: 1, when: opt == 'sgd'}}\n",
    "nested": _HEAD + "parameters:\n  o: {parameters: {a: {value: 1}}}\n  o.b: {value: 1}\n",
    "cap": f"{_HEAD}{_LR}run_cap: 0\nbudget: {{time: soon}}\n",
    "fine": f"{_HEAD}{_LR}",
}
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
    **{f"{name}.yaml": text for name, text in SWEEPS.items()},
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
