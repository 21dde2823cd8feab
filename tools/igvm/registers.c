/* SPDX-License-Identifier: MIT */
#include "registers.h"

#include <string.h>

#include "lib/types.h"

/* Names of members take no parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define FIELD(text, field) { text, offsetof(struct vmsa, field), sizeof(((struct vmsa *)0)->field) }
#define SEGMENT(text, field) \
	FIELD(text ".selector", field.selector), FIELD(text ".attributes", field.attrib), FIELD(text ".limit", field.limit), \
		FIELD(text ".base", field.base)
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct {
	const char *name;
	size_t offset, size;
} fields[] = {
	SEGMENT("ES", es),
	SEGMENT("CS", cs),
	SEGMENT("SS", ss),
	SEGMENT("DS", ds),
	SEGMENT("FS", fs),
	SEGMENT("GS", gs),
	SEGMENT("GDTR", gdtr),
	SEGMENT("LDTR", ldtr),
	SEGMENT("IDTR", idtr),
	SEGMENT("TR", tr),
	FIELD("VMPL", vmpl),
	FIELD("CPL", cpl),
	FIELD("EFER", efer),
	FIELD("XSS", xss),
	FIELD("CR4", cr4),
	FIELD("CR3", cr3),
	FIELD("CR0", cr0),
	FIELD("DR7", dr7),
	FIELD("DR6", dr6),
	FIELD("RFLAGS", rflags),
	FIELD("RIP", rip),
	FIELD("RSP", rsp),
	FIELD("RAX", rax),
	FIELD("CR2", cr2),
	FIELD("G_PAT", g_pat),
	FIELD("SPEC_CTRL", spec_ctrl),
	FIELD("TSC_AUX", tsc_aux),
	FIELD("RCX", rcx),
	FIELD("RDX", rdx),
	FIELD("RBX", rbx),
	FIELD("RBP", rbp),
	FIELD("RSI", rsi),
	FIELD("RDI", rdi),
	FIELD("R8", r8),
	FIELD("R9", r9),
	FIELD("R10", r10),
	FIELD("R11", r11),
	FIELD("R12", r12),
	FIELD("R13", r13),
	FIELD("R14", r14),
	FIELD("R15", r15),
	FIELD("SEV_FEATURES", sev_features),
	FIELD("VINTR_CTRL", vintr_ctrl),
	FIELD("VIRTUAL_TOM", virtual_tom),
	FIELD("XCR0", xcr0),
	FIELD("MXCSR", mxcsr),
	FIELD("X87_FTW", x87_ftw),
	FIELD("X87_FCW", x87_fcw),
};

bool register_read(const struct vmsa *vmsa, size_t index, struct register_value *value)
{
	if (index >= ARRAY_SIZE(fields))
		return false;
	value->name = fields[index].name;
	value->value = 0;
	memcpy(&value->value, (const uint8_t *)vmsa + fields[index].offset, fields[index].size);
	return true;
}
