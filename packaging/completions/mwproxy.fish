# fish completion for mwproxy, with HAProxy's single-dash options.

complete -c mwproxy -f
complete -c mwproxy -o f -r -F -d 'Read a configuration file, or every *.cfg of a folder'
complete -c mwproxy -o c -d 'Check the configuration and exit'
complete -c mwproxy -o R -d 'Ask the master behind -S for a reload'
complete -c mwproxy -o W -d 'Run a master with its worker'
complete -c mwproxy -o Ws -d 'As -W, and tell systemd how it stands'
complete -c mwproxy -o S -r -F -d "Open the master's command line"
complete -c mwproxy -o D -d 'Start in the background'
complete -c mwproxy -o d -d 'Stay in the foreground'
complete -c mwproxy -o db -d 'Stay in the foreground'
complete -c mwproxy -o C -x -a '(__fish_complete_directories)' -d 'Change to this folder first'
complete -c mwproxy -o p -r -F -d "Write the process's number to this file"
complete -c mwproxy -o n -x -d 'The most connections at a time'
complete -c mwproxy -o L -x -d 'The name of the local peer'
complete -c mwproxy -o q -d 'Say nothing'
complete -c mwproxy -o V -d 'Say more'
complete -c mwproxy -o dW -d 'Treat warnings as errors'
complete -c mwproxy -o sf -x -a '(__fish_complete_pids)' -d 'Let the old processes finish'
complete -c mwproxy -o st -x -a '(__fish_complete_pids)' -d 'End the old processes'
complete -c mwproxy -o x -r -F -d 'Take the listening sockets of the process behind this socket'
complete -c mwproxy -o dR -d 'Bind no port that another process could bind as well'
complete -c mwproxy -o v -d 'Print the version'
complete -c mwproxy -o vv -d 'Print the version and what was built in'
complete -c mwproxy -o h -d 'Print the options'
