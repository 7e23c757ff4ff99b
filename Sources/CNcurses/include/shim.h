// ncursesw as Swift can use it: the macros of curses.h that do not import are functions here.
#ifndef CNCURSES_SHIM_H
#define CNCURSES_SHIM_H
#ifndef _XOPEN_SOURCE_EXTENDED
#define _XOPEN_SOURCE_EXTENDED 1
#endif
#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <fcntl.h>
#include <locale.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>
// term.h defines these words as macros.
#undef lines
#undef columns
#undef buttons
#undef newline
#undef tab
#undef bell

static inline WINDOW *shim_stdscr(void) { return stdscr; }
static inline int shim_colors(void) { return COLORS; }
static inline int shim_color_pairs(void) { return COLOR_PAIRS; }

// NULL when TERM is not known or cannot move the cursor. Unlike initscr it does not end the process.
static inline SCREEN *shim_newterm(FILE *input) { return newterm(NULL, stdout, input ? input : stdin); }
// The entry of a terminal that takes any colour, for one whose environment says that it does; NULL where there is none.
static inline SCREEN *shim_newterm_direct(FILE *input) {
    const char *type = getenv("TERM"), *depth = getenv("COLORTERM");
    char name[64];
    if (type == NULL || depth == NULL || (strcmp(depth, "truecolor") != 0 && strcmp(depth, "24bit") != 0)) return NULL;
    const char *end = strstr(type, "-256color");
    int length = end ? (int)(end - type) : (int)strlen(type);
    if (length > 40) return NULL;
    snprintf(name, sizeof name, "%.*s-direct", length, type);
    return newterm(name, stdout, input ? input : stdin);
}
// ncurses writes a program's cursor movements one by one until the program has come back from the shell once, and looks
// for keys between the rows. This makes it one write a frame. Call it after newterm, before keypad and the first frame:
// endwin turns the terminal's keypad off, and ncurses turns it on again only with the first key that it reads, an arrow
// that it then takes for Escape.
static inline void shim_write_frames_whole(void) {
    typeahead(-1);
    endwin();
}
static inline int shim_init_pair(int number, int foreground, int ground) {
    return init_extended_pair(number, foreground, ground);
}
// One cell's characters with a colour pair of any number.
static inline int shim_set_cell(cchar_t *cell, const wchar_t *text, attr_t attributes, int pair) {
    return setcchar(cell, text, attributes, 0, &pair);
}
static inline void shim_flush(void) { fflush(stdout); }

// Whether the environment's locale is UTF-8; also sets it for characters.
static inline int shim_locale_is_utf8(void) {
    return setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

// Columns that the C library gives a character; -1: it does not print.
static inline int shim_columns_of(wchar_t character) { return wcwidth(character); }

static inline attr_t shim_bold(void) { return A_BOLD; }
static inline attr_t shim_dim(void) { return A_DIM; }
static inline attr_t shim_underline(void) { return A_UNDERLINE; }
static inline attr_t shim_reverse(void) { return A_REVERSE; }
static inline int shim_key_function(int number) { return KEY_F(number); }

// -1 when it cannot be told.
static inline int shim_window_size(int fd, int *rows, int *columns) {
    struct winsize size;
    if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return -1;
    *rows = size.ws_row;
    *columns = size.ws_col;
    return 0;
}

enum shim_mouse { SHIM_MOUSE_OTHER, SHIM_MOUSE_PRESS, SHIM_MOUSE_WHEEL_UP, SHIM_MOUSE_WHEEL_DOWN };
static inline void shim_mouse_start(void) {
    mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    mouseinterval(0);
}
static inline int shim_mouse_next(int *row, int *column) {
    MEVENT event;
    if (getmouse(&event) != OK) return SHIM_MOUSE_OTHER;
    *row = event.y;
    *column = event.x;
    if (event.bstate & BUTTON1_PRESSED) return SHIM_MOUSE_PRESS;
    if (event.bstate & BUTTON4_PRESSED) return SHIM_MOUSE_WHEEL_UP;
    if (event.bstate & BUTTON5_PRESSED) return SHIM_MOUSE_WHEEL_DOWN;
    return SHIM_MOUSE_OTHER;
}

// A process that dies of its own fault gives the terminal back first, as ncurses itself does on SIGINT.
static inline void shim_fault(int number) {
    endwin();
    signal(number, SIG_DFL);
    raise(number);
}
static inline void shim_restore_on_faults(void) {
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = shim_fault;
    action.sa_flags = SA_RESETHAND | SA_NODEFER;
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) sigaction(faults[i], &action, NULL);
}

// A terminal that takes no output (Ctrl-S, a connection that hangs) must not keep the process from its signals:
// while ncurses writes, an alarm looks for one that waits, gives back what can be given back, and ends the process.
static inline struct termios *shim_modes_before(void) {
    static struct termios modes = {0};
    return &modes;
}
static inline char *shim_leaving(void) {
    static char text[128] = "";
    return text;
}
static inline volatile sig_atomic_t *shim_leaving_status(void) {
    static volatile sig_atomic_t status = -1;
    return &status;
}

// Goes on after Ctrl-S. The kernel lets TCOON undo TCOOFF only, which then undoes Ctrl-S as well.
static inline void shim_resume_output(void) {
    tcflow(STDOUT_FILENO, TCOOFF);
    tcflow(STDOUT_FILENO, TCOON);
}
static inline int shim_takes_output(void) {
    struct pollfd state = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&state, 1, 0) > 0;
}
static inline void shim_alarm(int number) {
    static const int ends[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT};
    int status = *shim_leaving_status();
    sigset_t waiting;
    (void)number;
    sigpending(&waiting);
    for (unsigned i = 0; status < 0 && i < sizeof ends / sizeof *ends; i++)
        if (sigismember(&waiting, ends[i])) status = 128 + ends[i];
    if (status < 0) return;
    tcflush(STDOUT_FILENO, TCOFLUSH);
    shim_resume_output();
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    fcntl(STDOUT_FILENO, F_SETFL, flags | O_NONBLOCK);
    ssize_t written = write(STDOUT_FILENO, shim_leaving(), strlen(shim_leaving()));
    (void)written;
    fcntl(STDOUT_FILENO, F_SETFL, flags);
    tcsetattr(STDOUT_FILENO, TCSANOW, shim_modes_before());
    _exit(status);
}
// Call it before newterm.
static inline void shim_remember_modes(void) { tcgetattr(STDOUT_FILENO, shim_modes_before()); }
// Call it after newterm.
static inline void shim_prepare_alarm(void) {
    static const char *const names[] = {"sgr0", "cnorm", "rmkx", "rmcup"};
    struct sigaction action;
    shim_leaving()[0] = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = tigetstr((char *)names[i]);
        if (text == NULL || text == (char *)-1) continue;
        if (strlen(shim_leaving()) + strlen(text) < 128) strcat(shim_leaving(), text);
    }
    memset(&action, 0, sizeof action);
    action.sa_handler = shim_alarm;
    action.sa_flags = SA_RESTART;
    sigaction(SIGALRM, &action, NULL);
}
// The alarm comes every half second from now on, or never again. status: with what to end the process in any case,
// -1: only when a signal waits.
static inline void shim_guard_output(int on, int status) {
    struct itimerval timer = {{0, 0}, {0, 0}};
    *shim_leaving_status() = status;
    if (on) timer.it_interval.tv_usec = timer.it_value.tv_usec = 500000;
    setitimer(ITIMER_REAL, &timer, NULL);
}

#endif
