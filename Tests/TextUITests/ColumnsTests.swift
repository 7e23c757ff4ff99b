import Testing
import TextUI

@Suite struct ColumnsTests {
    private let columns = [
        Column("NAME", .left, width: 6, rank: 0),
        Column("AGE", .right, width: 4, rank: 2),
        Column("WHO", .left, width: 20, minimum: 5, rank: 1),
    ]

    @Test func shrinksThenDrops() {
        #expect(Column.place(columns, width: 40) == [0..<6, 7..<11, 12..<32])
        #expect(Column.place(columns, width: 20) == [0..<6, 7..<11, 12..<20])
        #expect(Column.place(columns, width: 16) == [0..<6, nil, 7..<16])
        #expect(Column.place(columns, width: 8) == [0..<6, nil, nil])
        #expect(Column.place(columns, width: 2)[0] == 0..<6)
    }

    @Test func partsAreDroppedWhole() {
        let parts = [
            StyledText.Part(StyledText("first"), rank: 0), .init(StyledText("second"), rank: 2),
            .init(StyledText("third"), rank: 1),
        ]
        func fitting(_ width: Int) -> [String] {
            StyledText.fitting(parts, width: width, gap: 2).map { $0.runs.map(\.text).joined() }
        }
        #expect(fitting(20) == ["first", "second", "third"])
        #expect(fitting(19) == ["first", "third"])
        #expect(fitting(3) == ["first"])
    }
}

@Suite struct SparklineTests {
    @Test func keepsBelowTheRowAbove() {
        #expect(Sparkline.draw([0, 1, 50, 100], width: 6, peak: 100, repertoire: .unicode) == "  ▁▂▄▇")
        #expect(Sparkline.draw([0, nil, 100], width: 3, peak: 100, repertoire: .ascii) == "_ #")
        #expect(Sparkline.draw([1, 2, 3], width: 2, peak: 3, repertoire: .unicode) == "▅▇")
        #expect(Sparkline.draw([0, 0], width: 2, peak: 0, repertoire: .unicode) == "▁▁")
        #expect(Sparkline.draw([], width: 2, peak: 0, repertoire: .unicode) == "  ")
    }
}
