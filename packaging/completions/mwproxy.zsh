#compdef mwproxy
# zsh completion for mwproxy, with HAProxy's single-dash options.

_arguments -S \
    '*-f[read a configuration file, or every *.cfg of a folder]:configuration:_files' \
    '-c[check the configuration and exit]' \
    '-R[ask the master behind -S for a reload]' \
    '-W[run a master with its worker]' \
    '-Ws[run a master with its worker, and tell systemd how it stands]' \
    "*-S[open the master's command line]:address[,option,value]:_files" \
    '-D[start in the background]' \
    '(-d -db)-d[stay in the foreground]' \
    '(-d -db)-db[stay in the foreground]' \
    '-C[change to this folder first]:folder:_directories' \
    "-p[write the process's number to this file]:file:_files" \
    '-n[the most connections at a time]:connections:' \
    '-L[the name of the local peer]:name:' \
    '(-V)-q[say nothing]' \
    '(-q)-V[say more]' \
    '-dW[treat warnings as errors]' \
    '(-st)-sf[let the old processes finish]:*-*:process:_pids' \
    '(-sf)-st[end the old processes]:*-*:process:_pids' \
    '-x[take the listening sockets of the process behind this socket]:socket:_files' \
    '-dR[bind no port that another process could bind as well]' \
    '(- *)-v[print the version]' \
    '(- *)-vv[print the version and what was built in]' \
    '(- *)-h[print the options]' \
    '*:configuration:_files'
