#!/bin/sh
# Asks a verifier service about the presentation on standard input:
#
#	client.sh http://verifier.customer.example [onsite|remote] < presentation.txt
#
# Prints allow or deny and the reason. The exit status is 0 for allow and 1 for
# everything else, whatever goes wrong on the way.
set -u

deny() {
	echo "deny $1"
	exit 1
}

server=${1-}
access=${2-onsite}
[ -n "$server" ] || {
	echo "usage: client.sh URL [onsite|remote] < presentation" >&2
	exit 1
}

# What is none of these characters is in no presentation, and they need no
# escaping in JSON. A scanner may end the line with a carriage return.
presentation=$(head -c 12288 | tr -d '\r')
case $presentation in
'' | *[!A-Za-z0-9._~:/#%\$*+-]*) deny malformed ;;
esac
case $access in
onsite | remote) ;;
*) deny access_not_granted ;;
esac

# The body goes in on standard input: arguments can be read by everybody on the
# machine. -q ignores .curlrc, and without -L no redirect is followed. An answer
# that does not say how long it is is bounded by its time alone.
newline='
'
answer=$(
	printf '{"presentation":"%s","access":"%s"}' "$presentation" "$access" |
		curl -q --silent --show-error --max-time 10 --max-filesize 65536 \
			--header 'Content-Type: application/json' --data-binary @- \
			--write-out '\n%{http_code}' "${server%/}/v1/verify"
) || deny no_answer
[ "${answer##*"$newline"}" = 200 ] || deny no_answer

# Inside a JSON string every quote has a backslash before it, so these members
# can't be faked by what the answer quotes. With jq: jq -e '.allow == true'.
reason=$(printf '%s\n' "$answer" | sed -n '1s/^{.*"reason":"\([a-z_]*\)".*/\1/p')
[ -n "$reason" ] || deny no_answer
case $answer in
'{'*',"allow":true,'*) echo "allow $reason" ;;
*) deny "$reason" ;;
esac
