#!/bin/sh
# Make this site's passwords once, as files for docker-compose.yml. Existing ones are kept.
#
# The folder is closed to all but its owner; the files in it are readable, because a container sees them with the
# rights they have here, under a user number that does not exist on this host.
set -eu
umask 077
folder="$(dirname "$0")/secrets"
mkdir -p "$folder"
cd "$folder"
# To whom alarms are told: empty for nobody, addresses one a line.
[ -e kk2_alarm_urls ] || { : > kk2_alarm_urls; chmod 0444 kk2_alarm_urls; }
if [ -e postgres_password ]; then
    echo "the passwords are made already, in $folder" >&2
    exit 0
fi
word() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
database="$(word)"
broker="$(word)"
flower="$(word)"
printf '%s' "postgresql+psycopg://kk2:$database@postgres:5432/kk2" > kk2_database_url
printf 'requirepass %s\n' "$broker" > broker_auth
printf '%s' "redis://:$broker@broker:6379/0" > kk2_broker_url
printf '%s' "kk2:$flower" > kk2_flower_auth
printf '%s' "$database" > postgres_password
chmod 0444 ./*
echo "made in $folder; the console shows Flower to who is signed in, by kk2_flower_auth"
