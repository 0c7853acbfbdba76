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
# What the processes may do to the broker: as ops/embedded/broker.py says it, a house test compares.
may='~kk2:* &kk2:/0.celery.pidbox &kk2:/0.celeryev/* +@read +@write +@transaction +@pubsub +@connection -@scripting -@dangerous +eval +evalsha +script|load +script|exists +time +info +config|get'
word() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
# To whom alarms are told: empty for nobody, addresses one a line.
[ -e kk2_alarm_urls ] || : > kk2_alarm_urls
[ -e postgres_password ] || word > postgres_password
if [ ! -e kk2_owner_url ]; then
    # A site from before the processes had a role of their own gets one: `migrate` makes it.
    rm -f kk2_database_url
    printf '%s' "postgresql+psycopg://kk2:$(cat postgres_password)@postgres:5432/kk2" > kk2_owner_url
    printf '%s' "postgresql+psycopg://kk2_app:$(word)@postgres:5432/kk2" > kk2_database_url
fi
if ! grep -qs '^user kk2 ' broker_auth; then
    rm -f broker_auth kk2_broker_url
    broker="$(word)"
    printf 'user default off resetpass\nuser kk2 on >%s %s\n' "$broker" "$may" > broker_auth
    printf '%s' "redis://kk2:$broker@broker:6379/0" > kk2_broker_url
fi
[ -e kk2_flower_auth ] || printf '%s' "kk2:$(word)" > kk2_flower_auth
chmod 0444 ./*
echo "the passwords are in $folder; the console shows Flower to who is signed in, by kk2_flower_auth"
