// The observer as a whole.

import Observing
import Testing

@Suite struct ObserverTests {
    @Test func aMasterThatDoesNotExistIsNotWatched() {
        #expect(throws: AttachFailure.self) { try Observer.find(pid: Int32.max) }
    }
}
