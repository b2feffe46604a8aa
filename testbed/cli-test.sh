#!/usr/bin/env bash
# Tries ./kms as a stranger would: in a copy of the repository without anything built, from a file to an encrypted one
# and back; then what its start promises. Needs a JDK of 17 or later, Maven, flock, and script (util-linux).
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0

fail() { echo "cli-test: $*" >&2; for log in err build; do [ ! -s "$work/$log" ] || tail -n 20 "$work/$log" >&2; done; exit 1; }
ok() { checks=$((checks + 1)); echo "ok: $*"; }
# expect CODE COMMAND…: standard output goes to out, standard error to err
expect() {
  local wanted=$1 got=0
  shift
  "$@" > "$work/out" 2> "$work/err" < /dev/null || got=$?
  [ "$got" = "$wanted" ] || fail "'$*' gave $got, not $wanted"
}

unset KMS_PROVIDER KMS_MASTER_KEY MASTER_ENCRYPTION_KEY ENCRYPTION_KEY KMS_STORE_URL KMS_DEBUG
export KMS_HOME=$work/home

clone=$work/clone
mkdir "$clone"
git ls-files -z -co --exclude-standard | while IFS= read -r -d '' file; do
  if [ -e "$file" ]; then printf '%s\0' "$file"; fi
done | tar --null -T - -c | tar x -C "$clone"

# Two first uses at once, through a symbolic link, from another folder.
mkdir "$work/elsewhere" "$work/bin"
ln -s "$clone/kms" "$work/bin/kms"
kms=$work/bin/kms
cd "$work/elsewhere"
head -c 3000000 /dev/urandom > plain
cp plain original
"$kms" encrypt plain -o first > "$work/out1" 2> "$work/err1" < /dev/null & one=$!
"$kms" encrypt plain -o second > "$work/out2" 2> "$work/err2" < /dev/null & two=$!
wait "$one" || { cp "$work/err1" "$work/err"; fail "the first of two first uses failed"; }
wait "$two" || { cp "$work/err2" "$work/err"; fail "the second of two first uses failed"; }
[ ! -s "$work/out1" ] && [ ! -s "$work/out2" ] || fail "building wrote to standard output"
[ "$(cat "$work/err1" "$work/err2" | grep -c 'kms: building')" = 1 ] || fail "it was not built exactly once"
[ "$(cat "$work/err1" "$work/err2" | grep -c 'kms: made')" = 2 ] || fail "key file and store were not told of exactly once"
ok "two first uses of a clean clone at once: one build, one key file, one store"

for message in first second; do
  expect 0 "$kms" decrypt "$message" -o "$message.opened"
  cmp "$message.opened" original || fail "$message did not open to what was encrypted"
  [ ! -s "$work/err" ] || fail "a later call writes to standard error"
done
ok "encrypted, opened, equal; later calls are silent"

expect 0 "$kms" encrypt plain
rm plain
expect 0 "$kms" decrypt plain.sealed
cmp plain original || fail "plain.sealed did not open to what was encrypted"
[ "$(stat -c %a plain)" = 600 ] || fail "the opened file is not mode 600"
ok "a.sealed beside a, and back, mode 600"

"$kms" encrypt - < original | "$kms" decrypt - | cmp - original || fail "through pipes it is not what was encrypted"
ok "through pipes"

# The drill of docs/BACKUP.md, with its own lines.
home=${KMS_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/sealwright}
(umask 077; cp "$home/local/default.key" default.key.copy)
expect 0 "$kms" key create doomed
expect 0 "$kms" backup create keys.backup
grep -q "keep a copy of the key file $home/local/default.key" "$work/err" || fail "backup create does not name the key file"
[ "$(stat -c %a keys.backup)" = 600 ] || fail "the backup is not mode 600"
(
  export KMS_HOME=$work/drill
  mkdir -p "$KMS_HOME/local" && chmod 700 "$KMS_HOME" "$KMS_HOME/local"
  expect 1 "$kms" backup restore keys.backup
  grep -q KMS_CLI_KEY_FILE_LOST "$work/err" || fail "a restore without the key file was not explained"
  cp default.key.copy "$KMS_HOME/local/default.key" && chmod 600 "$KMS_HOME/local/default.key"
  expect 0 "$kms" backup restore keys.backup
  expect 0 "$kms" health
  expect 0 "$kms" decrypt first -o drilled
  cmp drilled original || fail "what was sealed before the backup does not open after the restore"
)
expect 0 "$kms" key destroy doomed --now --yes
expect 1 "$kms" backup restore keys.backup
expect 0 "$kms" backup restore keys.backup --force
[ "$(find "$home" -name 'before-restore-*.backup' -perm 600 | wc -l)" = 1 ] || fail "the old store was not saved"
expect 0 "$kms" key show doomed
grep -q destroyed "$work/out" || fail "a destroyed key came back"
rm -f "$home"/store.db*
expect 0 "$kms" backup restore "$(find "$home" -name 'before-restore-*.backup')"
expect 0 "$kms" decrypt second -o second.opened.again
cmp second.opened.again original || fail "the saved store does not restore"
ok "the drill: backup, restore at another place and over what is there, a destroyed key stays destroyed"

KMS_HOME=$work/courier expect 0 "$kms" master-key bootstrap --create
KMS_HOME=$work/there expect 0 "$kms" master-key bootstrap --create
for to in "$home" "$work/there"; do (umask 077; cp "$work/courier/local/default.key" "$to/local/courier.key"); done
expect 0 "$kms" key create orders
expect 0 "$kms" encrypt original -k orders -o ordered
expect 0 "$kms" key export orders -m local://courier -o orders.export
KMS_HOME=$work/there expect 0 "$kms" key import orders orders.export -m local://courier
KMS_HOME=$work/there expect 0 "$kms" decrypt ordered -o ordered.opened
cmp ordered.opened original || fail "what was sealed before the export does not open after the import"
ok "a key exported under a courier's key opens at the other place what was sealed before"

best=999999
for _ in 1 2 3 4 5; do
  before=$(date +%s%N)
  expect 0 "$kms" inspect --json first
  took=$((($(date +%s%N) - before) / 1000000))
  [ "$took" -ge "$best" ] || best=$took
done
python3 -c 'import json,sys; assert json.load(open(sys.argv[1]))["plaintextBytes"] == 3000000' "$work/out" || fail "inspect is wrong"
[ "$best" -le 600 ] || fail "inspect takes $best ms at best, over 600"
ok "inspect takes $best ms"

# The archive of class data must not cost the compiler's work: processor seconds with it and without.
head -c 300000000 /dev/zero > large
seconds() { # JVM option
  local TIMEFORMAT=%U
  { time KMS_JAVA_OPTS=$1 "$kms" encrypt large -o /dev/null; } 2>&1
}
with=$(seconds "") without=$(seconds -Xshare:off)
python3 -c 'import sys; sys.exit(float(sys.argv[1]) > 2 * float(sys.argv[2]))' "$with" "$without" ||
  fail "encrypting 300 MB takes $with s of processor with the archive of classes, $without s without"
rm large
ok "300 MB take $with s of processor, $without s without the archive of classes"

# The environment's master key: made into a file, used, rotated by hand.
expect 1 env MASTER_ENCRYPTION_KEY_FILE="$work/master" KMS_HOME="$work/env" "$kms" master-key bootstrap
expect 0 env MASTER_ENCRYPTION_KEY_FILE="$work/master" KMS_HOME="$work/env" "$kms" master-key bootstrap --create
[ "$(stat -c %a "$work/master")" = 600 ] || fail "the key's file is not mode 600"
expect 0 env MASTER_ENCRYPTION_KEY_FILE="$work/master" KMS_HOME="$work/env" "$kms" encrypt original -o of-env
[ ! -e "$work/env/local" ] || fail "a key file was made beside the environment's key"
fresh=$(head -c 32 /dev/urandom | base64)
expect 0 env MASTER_ENCRYPTION_KEY="$fresh" MASTER_ENCRYPTION_KEY_PREVIOUS_FILE="$work/master" KMS_HOME="$work/env" "$kms" master-key rotate
expect 0 env MASTER_ENCRYPTION_KEY="$fresh" KMS_HOME="$work/env" "$kms" decrypt of-env -o of-env.opened
cmp of-env.opened original || fail "what the environment's key sealed did not open after its rotation"
expect 1 env MASTER_ENCRYPTION_KEY=short KMS_HOME="$work/env" "$kms" decrypt of-env -o never
grep -q 'MASTER_ENCRYPTION_KEY holds no key.*5 characters' "$work/err" || fail "a malformed key was not refused by name"
expect 1 "$kms" encrypt original -m aws-kms://alias/app -o never
grep -q 'io.sealwright:kms-providers-aws' "$work/err" || fail "a missing module was not named"
ok "a master key from the environment: made, used, rotated, refused by name"

expect 0 script -qec "'$kms' encrypt - < /dev/null; echo code \$?" /dev/null
grep -q 'KMS_CLI_TERMINAL' "$work/out" && grep -q 'code 1' "$work/out" || fail "a message was written to a terminal"
ok "binary to a terminal is refused"

touch "$clone/kms-cli/src/main/java/io/sealwright/kms/cli/Main.java"
expect 0 "$kms" --version
[ "$(grep -c . "$work/err")" = 1 ] && grep -q 'kms: building' "$work/err" || fail "a newer source was not built, or not in one line"
[ "$(wc -l < "$work/out")" = 1 ] || fail "--version is not one line"
expect 0 "$kms" --version
[ ! -s "$work/err" ] || fail "it was built again for nothing"
ok "a newer source is built, once"

mkdir -p "$work/old/bin"
printf '#!/bin/sh\nexit 1\n' > "$work/old/bin/java"
chmod +x "$work/old/bin/java"
echo 'JAVA_VERSION="11.0.20"' > "$work/old/release"
expect 1 env JAVA_HOME="$work/old" "$kms" --version
grep -q 'Java is too old.*11.0.20' "$work/err" || fail "Java 11 was not refused by name"
expect 1 env JAVA_HOME="$work/none" "$kms" --version
grep -q 'JAVA_HOME names no Java' "$work/err" || fail "a wrong JAVA_HOME was not refused by name"
ok "Java under 17 and a wrong JAVA_HOME are refused"

rm -rf "$clone/.kms-build"
printf '%s\n' -o "-Dmaven.repo.local=$work/empty" > "$clone/.mvn/maven.config"
expect 1 "$kms" --version
grep -q 'no network to fetch it' "$work/err" && [ "$(wc -l < "$work/err")" -gt 3 ] || fail "an empty repository without network was not explained"
[ ! -s "$work/out" ] || fail "a failed build wrote to standard output"
ok "no network and an empty local repository are explained"

echo "cli-test: $checks checks passed"
