# alive.sh PORT: whether the server of this container answers.
. /etc/kv/ask.sh
ask 127.0.0.1 "$1" ping | grep -q PONG
