#!/bin/sh
# Runs protoc and keeps the files named.
#
#   pick.sh FROM=TO... -- PROTOC ARGUMENT...
#
# The plugin writes the module of a proto package together with what it stands on: the modules of packages that it imports and
# the files that all packages share. An action of Bazel makes only what it declares, so each FROM, a path in the generated
# tree, is copied to TO, and the rest is dropped. Nothing outside the folder of the first TO is written to.
set -eu

first=${1#*=}
tree=$(mktemp -d "${first%/*}/tree.XXXXXX")
trap 'rm -rf "$tree"' EXIT

wanted=
while [ "$1" != -- ]; do
    wanted="$wanted $1"
    shift
done
shift

"$@" "--python_aristaproto_out=$tree"

# Of a package with very many types there are parts, without which the module cannot be imported.
for pair in $wanted; do
    path=${pair%%=*}
    folder=${path%__init__.py}
    [ "$path" != "$folder" ] || continue
    for part in "$tree/$folder"_part[0-9]*.py; do
        name=$folder${part##*/}
        case "$wanted " in
        *" $name="*) ;;
        *) [ ! -e "$part" ] || { echo "$name is not declared: \`parts\` of the rule says how many there are" >&2; exit 1; } ;;
        esac
    done
done

# Paths of generated files hold no blanks: they are made of Python names.
for pair in $wanted; do
    cp "$tree/${pair%%=*}" "${pair#*=}"
done
