// Every threshold can be set by name, and a wrong one says what was expected.

import Testing

@testable import ReloadModel

@Suite struct NamedThresholdTests {
    @Test func eachNameSetsItsOwnNumber() {
        for named in NamedThreshold.all {
            var thresholds = AlertThresholds()
            let other =
                named.value(thresholds) == named.range.upperBound
                ? named.range.lowerBound : named.range.upperBound
            #expect(thresholds.assign("\(named.name)=\(Int(other))") == nil)
            #expect(named.value(thresholds) == other)
            named.set(&thresholds, named.value(AlertThresholds()))
            #expect(thresholds == AlertThresholds(), "\(named.name) sets more than itself")
        }
        #expect(Set(NamedThreshold.all.map(\.name)).count == NamedThreshold.all.count)
    }

    @Test(arguments: [
        ("spinning-percent", "a threshold is set by name=value, found 'spinning-percent'"),
        ("used-warning=2", "the threshold 'used-warning' needs a number from 0 to 1, found '2'"),
        (
            "queue-added=1.5",
            "the threshold 'queue-added' needs a whole number from 0 to 1000000, found '1.5'"
        ),
        (
            "spinning-percent=nan",
            "the threshold 'spinning-percent' needs a number from 1 to 100, found 'nan'"
        ),
    ])
    func aWrongOneSaysWhatWasExpected(_ text: String, _ fault: String) {
        var thresholds = AlertThresholds()
        #expect(thresholds.assign(text) == fault)
        #expect(thresholds == AlertThresholds())
    }

    @Test func anUnknownOneIsAnsweredWithThoseThatExist() {
        var thresholds = AlertThresholds()
        let fault = thresholds.assign("nothing=1")
        #expect(fault?.hasPrefix("there is no threshold 'nothing'; there are used-warning, ") == true)
    }
}
