// The list component: filter, order, cursor, columns.

import Testing
import TextUI

@testable import Dashboard

@Suite struct ListTests {
    private struct Item {
        var name: String
        var size: Int?
    }

    private func table(_ items: [Item]) -> ListTable<Item> {
        ListTable(
            columns: [
                ListColumn("NAME", width: 20, rank: 0) { ListCell($0.name) },
                ListColumn("SIZE", .right, width: 6, rank: 1) { .number($0.size) },
            ], items: items, identity: \.name, empty: "there are none")
    }

    private let items = [
        Item(name: "alpha", size: 100), Item(name: "beta", size: nil), Item(name: "gamma", size: 105),
        Item(name: "delta", size: 7),
    ]

    private func names(_ table: ListTable<Item>, _ position: ListPosition, _ filter: String = "") -> [String]
    {
        table.shown(position, filter: filter).map(\.name)
    }

    @Test func sortsNumbersDownTextsUpAndTheUnknownLast() {
        var position = ListPosition()
        let table = table(items)
        #expect(names(table, position) == ["alpha", "beta", "gamma", "delta"])
        #expect(table.press(.sort, &position, filter: "", height: 10))
        #expect(names(table, position) == ["alpha", "beta", "delta", "gamma"])
        _ = table.press(.sort, &position, filter: "", height: 10)
        #expect(names(table, position) == ["gamma", "alpha", "delta", "beta"])
        _ = table.press(.reverse, &position, filter: "", height: 10)
        #expect(names(table, position) == ["delta", "alpha", "gamma", "beta"])
        _ = table.press(.sort, &position, filter: "", height: 10)
        #expect(position.sort == nil)
    }

    @Test func rowsKeepTheirPlacesWhileValuesChangeALittle() {
        var position = ListPosition(sort: "SIZE")
        table(items).settle(&position, filter: "", height: 10)
        #expect(position.order == ["gamma", "alpha", "delta", "beta"])
        var next = items
        next[0].size = 112
        #expect(names(table(next), position) == ["gamma", "alpha", "delta", "beta"])
        next[0].size = 140
        next.append(Item(name: "new", size: 120))
        #expect(names(table(next), position) == ["alpha", "new", "gamma", "delta", "beta"])
    }

    @Test func theCursorFollowsItsRowAndStaysWhereItGoes() {
        var position = ListPosition()
        table(items).settle(&position, filter: "", height: 10)
        #expect(position.selected == "alpha")
        _ = table(items).press(.move(.last), &position, filter: "", height: 10)
        #expect(position.selected == "delta")
        table([Item(name: "first", size: 1)] + items).settle(&position, filter: "", height: 3)
        #expect(position.selected == "delta" && position.selectedIndex == 4 && position.first == 3)
        table(Array(items.prefix(2))).settle(&position, filter: "", height: 3)
        #expect(position.selected == "beta" && position.first == 0)
        table([]).settle(&position, filter: "", height: 3)
        #expect(position.first == 0)
    }

    @Test func filtersByWhatIsShown() {
        #expect(names(table(items), ListPosition(), "TA") == ["beta", "delta"])
        #expect(names(table(items), ListPosition(), "105") == ["gamma"])
    }

    @Test func everySizeIsDrawn() {
        for columns in [0, 1, 5, 12, 80] {
            for rows in [0, 1, 2, 9] {
                var frame = Frame(size: Size(columns: columns, rows: rows))
                let area = Area(column: 0, row: 0, width: columns, height: rows)
                table(items).draw(ListPosition(first: 2), filter: "", hidden: ["SIZE"], area, &frame)
                table([]).draw(ListPosition(), filter: "x", hidden: [], area, &frame)
            }
        }
    }

    @Test func exportsValuesNotWords() {
        let json = table(items).export(ListPosition(), filter: "beta")
        #expect(json.text == #"[{"name":"beta","size":null}]"#)
    }
}
