#!/usr/bin/env bash
# Gradient descent in awk: sonde tunes anything that can read a variable and append a line.
#
# The value comes in SONDE_PARAM_LR; each report is one JSON object a line in reports.jsonl,
# in the folder that SONDE_TRIAL_DIR names. Outside a sweep it runs with the values below.
set -eu
lr=${SONDE_PARAM_LR:-0.1}
steps=${1:-20}
reports=${SONDE_TRIAL_DIR:-.}/reports.jsonl

echo "learning rate $lr"
awk -v lr="$lr" -v steps="$steps" 'BEGIN {
    x = 10
    for (step = 0; step < steps; step++) {
        x -= lr * 2 * (x - 3)
        printf "{\"step\": %d, \"loss\": %.6g}\n", step, (x - 3) ^ 2
    }
}' >>"$reports"
