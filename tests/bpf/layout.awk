# SPDX-License-Identifier: LGPL-2.1-or-later
# From abi.h: one line MEMBER(struct, member) for each member of each struct, and one STRUCT(struct).
/^struct [a-z_]+ \{/ { name = $2; print "STRUCT(" name ")"; next }
/^\};/ { name = ""; next }
name != "" {
        sub(/\/\*.*/, "")
        if (match($0, /[a-z_0-9]+(\[[^\]]*\])*;/)) {
                member = substr($0, RSTART, RLENGTH)
                sub(/[\[;].*/, "", member)
                print "MEMBER(" name ", " member ")"
        }
}
