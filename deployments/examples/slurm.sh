#!/bin/bash
# sbatch --array=1-4 deployments/examples/slurm.sh
# PREFECT_API_URL, PREFECT_API_AUTH_STRING and the object store's keys come from the submitting shell.
#SBATCH --job-name=slideloom-gpu
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=12:00:00
# SIGTERM to this script six minutes before the end: longer than --grace and 35 s more.
#SBATCH --signal=B:TERM@360

set -eu
export SLIDELOOM_HOME="${TMPDIR:-/tmp}/slideloom-$SLURM_JOB_ID"
# exec: the signal must reach the command, not the shell around it.
exec slideloom worker --slots 1 --grace 300 --no-log-files --name "gpu-slurm-$SLURM_JOB_ID"
