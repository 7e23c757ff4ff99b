import Testing

@Suite struct HeadTests {}
