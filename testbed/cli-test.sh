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

# On a slow or busy machine as long as a bare JVM takes to start and end eight times, without its archive of classes.
took() { # COMMAND…: sets milliseconds
  local before
  before=$(date +%s%N)
  expect 0 "$@"
  milliseconds=$((($(date +%s%N) - before) / 1000000))
}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
best=999999
bare=999999
for _ in 1 2 3 4 5; do
  took "$java" -Xshare:off -version
  [ "$milliseconds" -ge "$bare" ] || bare=$milliseconds
  took "$kms" inspect --json first
  [ "$milliseconds" -ge "$best" ] || best=$milliseconds
done
limit=$((8 * bare > 600 ? 8 * bare : 600))
python3 -c 'import json,sys; assert json.load(open(sys.argv[1]))["plaintextBytes"] == 3000000' "$work/out" || fail "inspect is wrong"
[ "$best" -le "$limit" ] || fail "inspect takes $best ms at best, over $limit; a bare JVM takes $bare ms"
ok "inspect takes $best ms, a bare JVM $bare ms"

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

# docs/MOVING.md, from a variable to a key that is no variable, with the page's own two lines.
files=$work/files app=$work/app.db
mkdir -p "$files/deep"
sql() { python3 - "$app" "$@" << 'END'
import sqlite3, sys
base = sqlite3.connect(sys.argv[1])
if sys.argv[2] == "fill":
    base.execute("CREATE TABLE orders (id integer PRIMARY KEY, card blob)")
    for id, name in enumerate(sys.argv[3:], 1):
        base.execute("INSERT INTO orders VALUES (?, ?)", (id, open(name, "rb").read()))
    base.execute("INSERT INTO orders VALUES (0, NULL)")
    base.commit()
elif sys.argv[2] == "dump":
    for id, card in base.execute("SELECT id, hex(card) FROM orders ORDER BY id"):
        print(id, card)
else:
    open(sys.argv[4], "wb").write(base.execute("SELECT card FROM orders WHERE id = ?", (sys.argv[3],)).fetchone()[0])
END
}
mapfile -t lines < <(sed -n '/^   kms migrate /,/^   ```/p' "$clone/docs/MOVING.md" | sed '/```/d; s/^ *//' | sed ':a; /\\$/{N; s/\\\n */ /; ba}' |
  sed "s|jdbc:postgresql://db/app|jdbc:sqlite:$app|; s|vault-transit://transit/app|local://default|; s|/var/lib/app/files|$files|; s|^kms |'$kms' |")
[ "${#lines[@]}" = 2 ] && [[ ${lines[0]} == *" migrate "*orders.checkpoint ]] && [[ ${lines[1]} == *" rewrap "*"$files" ]] ||
  fail "docs/MOVING.md has other lines than this test knows: ${lines[*]}"
page() { bash -c "$*"; }
KMS_HOME=$work/moving expect 0 "$kms" master-key bootstrap --create
(
  export KMS_HOME=$work/moving MASTER_ENCRYPTION_KEY
  MASTER_ENCRYPTION_KEY=$(head -c 32 /dev/urandom | base64)
  for row in 1 2 3 4; do # step 1: sealed with the variable's key; step 2: row 4 with the new one
    echo "card $row" > "$work/card$row"
    expect 0 "$kms" encrypt "$work/card$row" -m "$([ "$row" = 4 ] && echo local://default || echo env://MASTER_ENCRYPTION_KEY)"
  done
  sql fill "$work"/card?.sealed
  cp "$work/card1.sealed" "$files/one.sealed"
  cp "$work/card2.sealed" "$files/deep/two.sealed"
  echo plain > "$files/plain.txt"
  sql dump > "$work/rows"
  for line in "${lines[@]}"; do # step 3
    expect 0 page "$line --dry-run"
    grep -Eq '^would be moved +[23]$' "$work/out" && grep -Eq '^before +[23] under env://MASTER_ENCRYPTION_KEY version ' "$work/out" ||
      fail "a dry run does not say what would be done"
    ! grep -q 'can be retired' "$work/out" || fail "a dry run gives a verdict"
  done
  sql dump | cmp - "$work/rows" && cmp "$work/card1.sealed" "$files/one.sealed" && [ ! -e orders.checkpoint ] || fail "a dry run changed something"
  for line in "${lines[@]}"; do # steps 4 and 5
    expect 0 page "$line"
    grep -Eq '^moved +[23]$' "$work/out" && grep -Eq '^looked at +[34]: [0-9.]+ a second$' "$work/out" || fail "it does not say what was moved, and how fast"
    grep -Eq '^now +[24] under local://default version 1$' "$work/out" || fail "it does not say what lies where now"
    grep -Eq '^env://MASTER_ENCRYPTION_KEY version .* can be retired' "$work/out" || fail "the variable's key is not said to be retirable"
  done
  [ ! -e orders.checkpoint ] || fail "a checkpoint was left behind"
  [ "$(cat "$files/plain.txt")" = plain ] || fail "a file that is no message was changed"
  expect 0 page "${lines[0]} --json"
  python3 -c 'import json,sys; told = json.load(open(sys.argv[1])); assert told["already"] == 4 and told["moved"] == 0 and told["perSecond"] > 0' "$work/out" ||
    fail "a second run finds something to do"
)
for row in 1 2 3 4; do # the variable is retired
  sql take "$row" "$work/moved$row"
  KMS_HOME=$work/moving expect 0 "$kms" decrypt "$work/moved$row" -o "$work/opened$row"
  cmp "$work/opened$row" "$work/card$row" || fail "row $row does not open to what was sealed"
done
KMS_HOME=$work/moving expect 0 "$kms" decrypt "$files/deep/two.sealed" -o "$work/opened-file"
cmp "$work/opened-file" "$work/card2" || fail "a file does not open to what was sealed"
KMS_HOME=$work/moving expect 1 "$kms" decrypt "$work/card1.sealed" -o never
ok "rows and files moved from a variable to local://default by the lines of docs/MOVING.md: a dry run, the move, a verdict"

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
