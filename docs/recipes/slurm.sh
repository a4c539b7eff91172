#!/bin/bash
# A search on Slurm, with a Ray cluster that lives as long as the job:
#   sbatch docs/recipes/slurm.sh spec.yaml
# docs/cluster.md says what to fill in. The same job again, queued by Slurm or by you, goes on where it was.
#SBATCH --job-name=automl
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-node=1
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@300
set -euo pipefail

spec=$1
source "$SLURM_SUBMIT_DIR/.venv/bin/activate" # REPLACE: where automl is installed, on a disk that all nodes see
export AUTOML_STORE=${AUTOML_STORE:-$SLURM_SUBMIT_DIR/automl-store}

# A token of this job alone, for nobody else to read: whoever has it runs code on all nodes of the job.
secret=$HOME/.automl/slurm-$SLURM_JOB_ID
(umask 077 && mkdir -p "$secret" && openssl rand -hex 32 >"$secret/ray_token")
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$secret/ray_token RAY_USAGE_STATS_ENABLED=0
export RAY_memory_monitor_refresh_ms=0  # workers watch their own; Ray's monitor would end several at once
export RAY_raylet_start_wait_time_s=120 # a disk that many nodes share can be slow

end() {
    kill -TERM $(jobs -p) 2>/dev/null || true
    wait || true
    rm -rf "$secret" "/tmp/ray-$SLURM_JOB_ID"
}
trap end EXIT

address=$(hostname --all-ip-addresses | cut --delimiter=' ' --fields=1)
port=$((20000 + SLURM_JOB_ID % 10000)) # two jobs on one node do not meet
ray start --head --block --node-ip-address="$address" --port="$port" --include-dashboard=false \
    --num-cpus="$SLURM_CPUS_PER_TASK" --temp-dir="/tmp/ray-$SLURM_JOB_ID" &
ray=$!
until ray health-check --address="$address:$port" 2>/dev/null; do
    kill -0 "$ray" # else Ray could not start, and the job has failed
    sleep 2
done
others=$((SLURM_JOB_NUM_NODES - 1))
if [ "$others" -gt 0 ]; then
    srun --nodes="$others" --ntasks="$others" --exclude="$SLURMD_NODENAME" --cpus-per-task="$SLURM_CPUS_PER_TASK" \
        ray start --block --address="$address:$port" --num-cpus="$SLURM_CPUS_PER_TASK" &
fi

# Slurm's SIGTERM, at preemption or five minutes before the end: the workers write checkpoints, and the job
# is queued again.
told=no
trap 'told=yes; kill -TERM "$search"' TERM
RAY_ADDRESS=$address:$port automl search "$spec" &
search=$!
status=0
wait "$search" || status=$?
while kill -0 "$search" 2>/dev/null; do # the signal has ended the first wait, not the search
    status=0
    wait "$search" || status=$?
done
if [ "$told" = yes ]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit "$status"
