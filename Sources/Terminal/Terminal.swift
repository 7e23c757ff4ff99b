// The only user of ncurses: draws frames by what changed, reads keys, and gives the terminal back as it was.

import CNcurses
import Glibc
import TextUI
import Unix

/// Why there is no screen: a sentence that says what would help.
package struct TerminalFailure: Error, Equatable, Sendable {
    package let sentence: String
}

/// The terminal as a screen, from `init` until `close`. One at a time.
package final class Terminal {
    /// The descriptor that becomes readable when a key was pressed.
    package let input: Int32
    /// What the terminal can show, by the locale.
    package let repertoire: Repertoire

    private let screen: OpaquePointer
    private let window: UnsafeMutablePointer<WINDOW>
    private let opened: UnsafeMutablePointer<FILE>?
    private var palette: TerminalPalette
    private var drawn: Frame?
    private var showsCursor = false
    private var isOpen = true
    private var line: [cchar_t] = []

    /// Takes the terminal. `theme`: `mono` where no colour is wanted. `ascii`: even where the locale
    /// could do more. Signals that end the program must be blocked or handled by the caller, who calls `close`.
    package init(theme: Theme, ascii: Bool) throws(TerminalFailure) {
        let isUTF8 = shim_locale_is_utf8() != 0
        repertoire = isUTF8 && !ascii ? .unicode : .ascii
        if isatty(STDIN_FILENO) != 0 {
            opened = nil
            input = STDIN_FILENO
        } else {
            guard let file = fopen("/dev/tty", "r+e") else {
                throw TerminalFailure(
                    sentence: "standard input is not a terminal and there is no /dev/tty for the keys: "
                        + "use --once for plain text")
            }
            opened = file
            input = fileno(file)
        }
        shim_remember_modes()
        guard let screen = (theme == .mono ? nil : shim_newterm_direct(opened)) ?? shim_newterm(opened) else {
            let type = getenv("TERM").map { String(cString: $0) } ?? ""
            if let opened { fclose(opened) }
            throw TerminalFailure(
                sentence: "the terminal type TERM='\(VisibleText.of(type))' is not known on this machine: "
                    + "set TERM to a known one such as xterm-256color, or use --once for plain text")
        }
        self.screen = screen
        window = shim_stdscr()
        shim_restore_on_faults()
        shim_prepare_alarm()
        cbreak()
        noecho()
        nonl()
        set_escdelay(25)
        nodelay(window, true)
        leaveok(window, false)
        curs_set(0)
        shim_mouse_start()
        palette = TerminalPalette(theme)
        shim_write_frames_whole()
        keypad(window, true)
    }

    /// How large the terminal is now.
    package var size: Size {
        var rows: Int32 = 0
        var columns: Int32 = 0
        if shim_window_size(STDOUT_FILENO, &rows, &columns) != 0 {
            rows = getmaxy(window)
            columns = getmaxx(window)
        }
        return Size(columns: Int(columns), rows: Int(rows))
    }

    /// Call it after SIGWINCH: follows the terminal to its new size.
    package func resize() -> Size {
        let size = size
        resizeterm(Int32(size.rows), Int32(size.columns))
        redraw()
        return size
    }

    /// The next `draw` sends every cell.
    package func redraw() {
        guard isOpen else { return }
        drawn = nil
        clearok(window, true)
    }

    /// Other colours, from the next `draw` on.
    package func setTheme(_ theme: Theme) {
        palette = TerminalPalette(theme)
        redraw()
    }

    // MARK: Drawing

    /// Shows a frame: only the cells that differ from the frame before are looked at and sent. A terminal that
    /// takes no output is left as it is: the next frame that it takes brings it up to date.
    package func draw(_ frame: Frame) {
        guard isOpen, shim_takes_output() != 0 else { return }
        shim_guard_output(1, -1)
        defer { shim_guard_output(0, -1) }
        if drawn?.size != frame.size {
            werase(window)
            drawn = nil
        }
        for row in 0..<frame.size.rows {
            guard let changed = Terminal.changed(row, in: frame, since: drawn) else { continue }
            line.removeAll(keepingCapacity: true)
            for column in changed {
                let cell = frame[column, row]
                if cell.scalar != 0 { line.append(character(cell)) }
            }
            mvwadd_wchnstr(window, Int32(row), Int32(changed.lowerBound), line, Int32(line.count))
        }
        if let cursor = frame.cursor { wmove(window, Int32(cursor.row), Int32(cursor.column)) }
        if showsCursor != (frame.cursor != nil) {
            showsCursor.toggle()
            curs_set(showsCursor ? 1 : 0)
        }
        wrefresh(window)
        drawn = frame
    }

    /// The columns of a row that differ between two frames; begins and ends with whole characters.
    static func changed(_ row: Int, in frame: Frame, since before: Frame?) -> ClosedRange<Int>? {
        let columns = frame.size.columns
        guard columns > 0 else { return nil }
        guard let before else { return 0...columns - 1 }
        var first = 0
        while first < columns, frame[first, row] == before[first, row] { first += 1 }
        guard first < columns else { return nil }
        var last = columns - 1
        while frame[last, row] == before[last, row] { last -= 1 }
        while first > 0, frame[first, row].scalar == 0 || before[first, row].scalar == 0 { first -= 1 }
        while last + 1 < columns, frame[last + 1, row].scalar == 0 || before[last + 1, row].scalar == 0 {
            last += 1
        }
        return first...last
    }

    /// A cell as ncurses wants it. A character whose width the C library sees otherwise than we do would shift
    /// the rest of its row: it becomes `?`.
    private func character(_ cell: Cell) -> cchar_t {
        let look = palette.look(cell.style)
        var first = wchar_t(bitPattern: cell.scalar)
        var mark = wchar_t(bitPattern: cell.mark)
        if cell.scalar > 0x7E, !isExpected(cell.scalar) { (first, mark) = (0x3F, 0) }
        var result = cchar_t()
        withUnsafePointer(to: (first, mark, wchar_t(0))) { text in
            text.withMemoryRebound(to: wchar_t.self, capacity: 3) { letters in
                _ = shim_set_cell(&result, letters, look.attributes, look.pair)
            }
        }
        return result
    }

    private func isExpected(_ scalar: UInt32) -> Bool {
        guard let unicode = Unicode.Scalar(scalar) else { return false }
        return Int(shim_columns_of(wchar_t(bitPattern: scalar))) == CharacterWidth.columns(of: unicode)
    }

    // MARK: Keys

    /// The next key that waits; nil when there is none.
    package func nextKey() -> Key? {
        guard isOpen else { return nil }
        while true {
            var code: wint_t = 0
            switch wget_wch(window, &code) {
            case OK:
                if let key = TerminalKeys.key(character: code) { return key }
            case Int32(KEY_CODE_YES):
                if let key = TerminalKeys.key(code: Int32(bitPattern: code)) { return key }
            default:
                return nil
            }
        }
    }

    // MARK: Giving the terminal back

    /// Gives the terminal to the shell until `resume`.
    package func suspend() {
        guard isOpen else { return }
        endwin()
        shim_flush()
    }

    /// Takes the terminal back from the shell.
    package func resume() {
        guard isOpen else { return }
        reset_prog_mode()
        keypad(window, true)
        redraw()
        curs_set(showsCursor ? 1 : 0)
    }

    /// Gives the terminal back as it was; twice does no harm. `status`: with what the process ends when the
    /// terminal does not take even that.
    package func close(orExit status: Int32 = 1) {
        guard isOpen else { return }
        isOpen = false
        shim_resume_output()
        shim_guard_output(1, status)
        endwin()
        shim_flush()
        shim_guard_output(0, -1)
        if let opened { fclose(opened) }
    }

    deinit {
        close()
        delscreen(screen)
    }
}
