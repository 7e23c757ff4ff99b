// What `-v`, `-vv` and `-h` print.

import Handover
import Unix

enum Usage {
    /// The lines of `-v`. The first has the form `<name> version <version> <date> - …`, so that the third word is
    /// the version, as scripts expect.
    static func version(kernel: String) -> String {
        """
        \(Program.name) version \(Program.version) \(Program.released) - a HAProxy-compatible master-worker proxy
        Status: the first development branch - reads the configuration language of HAProxy 2.6.
        Differences from HAProxy: docs/differences.md
        Running on: \(kernel)

        """
    }

    /// What `-vv` adds.
    static let details = """
        Build options :
          TARGET  = linux-glibc
          LANGUAGE = Swift 6, one thread, one epoll loop a worker
          OPTIONS = USE_EPOLL=1 USE_SYSTEMD=1

        Feature list : +ACCEPT4 +EPOLL +LINUX_SPLICE -LUA +OPENSSL +PCRE2 -QUIC +SYSTEMD -THREAD

        Default settings :
          read buffer = 131072, descriptors a message = 253

        Available polling systems :
              epoll : pref=300,  test result OK
        Total: 1 (1 usable), will use epoll.

        Available multiplexer protocols :
                h1 : mode=HTTP  side=FE|BE  mux=H1
            <none> : mode=TCP   side=FE|BE  mux=PASS

        """

    /// The options, for people who used a wrong one.
    static func text(program: String) -> String {
        let name = program.split(separator: "/").last.map(String.init) ?? program
        return """
            Usage : \(name) [-f <cfgfile|cfgdir>]* [ -vdVD ] [ -n <maxconn> ] [ -p <pidfile> ]
                    [ -C <dir> ] [ -x <unix_socket> ] [ -sf|-st <pid>* ] [-- <cfgfile>*]
                    -v prints the version ; -vv also what was built in.
                    -f reads a configuration file, or every *.cfg of a folder ; may be repeated.
                    -c checks the configuration and exits : 0 good, 1 bad, 2 no listener.
                    -W runs a master with its worker ; SIGUSR2 or SIGHUP reloads.
                    -Ws as -W, and tells systemd (NOTIFY_SOCKET) how it stands.
                    -S <bind>[,<option>,<value>]* opens the master's command line
                       (options: level, mode, user, group).
                    -R asks the master behind -S for a reload and exits : 0 it serves the new files,
                       1 it does not.
                    -D starts in the background ; -d and -db stay in the foreground.
                    -C changes to <dir> before the configuration is read.
                    -p writes the process's number to this file.
                    -n sets the most connections at a time.
                    -L sets the name of the local peer (the host's name unless given).
                    -q says nothing ; -V says more.
                    -dW treats warnings as errors.
                    -sf [<pid>]* lets the old processes finish ; -st ends them.
                    -x <unix_socket> takes the listening sockets of the process behind this socket.
                    -dR binds no port that another process could bind as well.
                    -dM -dL -dK -dr -dV -dD -dS -dG -de -dp are accepted and change nothing.
                    -m and -N are accepted, with a warning.

            """
    }
}
