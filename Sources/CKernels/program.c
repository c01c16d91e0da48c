#include "include/kb_program.h"

int kb_opcode_arity(kb_opcode opcode) {
  static const uint8_t arities[] = {
#define KB_OPCODE(name, arity, predicate) arity,
      KB_OPCODES(KB_OPCODE)
#undef KB_OPCODE
  };
  return arities[opcode];
}

bool kb_opcode_is_predicate(kb_opcode opcode) {
  static const bool predicates[] = {
#define KB_OPCODE(name, arity, predicate) predicate,
      KB_OPCODES(KB_OPCODE)
#undef KB_OPCODE
  };
  return predicates[opcode];
}

const char *kb_opcode_name(kb_opcode opcode) {
  static const char *const names[] = {
#define KB_OPCODE(name, arity, predicate) #name,
      KB_OPCODES(KB_OPCODE)
#undef KB_OPCODE
  };
  return names[opcode];
}
