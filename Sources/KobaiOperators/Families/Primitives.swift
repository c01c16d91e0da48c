/// The primitives under the operations, one in each operation's file. A namespace of its own, so that
/// layers can have the plain names.
public enum Primitives {}
