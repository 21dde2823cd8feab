/* SPDX-License-Identifier: MIT */
/* PVALIDATE, RMPADJUST, RMPQUERY, INVLPGB and TLBSYNC (APM volume 3), which reach Nutshell as undefined instructions. */
#include "lib/string.h"
#include "nutshell/cpu/cpu.h"
#include "nutshell/cpu/memory.h"

#define OPCODE_SIZE 4u
#define SHORT_OPCODE_SIZE 3u
#define VECTOR_GP 13u
#define VECTOR_PF 14u
#define RFLAGS_CF 1ull
#define RFLAGS_ZF 0x40ull
#define RFLAGS_ARITHMETIC 0x8D5ull
#define ADJUST_RESERVED (~(RMP_ATTR_VMPL_MASK | RMP_ATTR_RWX | RMP_ATTR_VMSA))

enum outcome { DONE, AGAIN }; /* AGAIN: an exception is pending or the host has to act first */

struct operand {
	uint64_t gpa;
	bool size_2m;
	struct rmp_entry *entry;
};

static void finish(struct vcpu *vcpu, uint32_t code, bool carry)
{
	struct vmsa *save = vmcb_save(vcpu);

	save->rax = code;
	save->rflags = (save->rflags & ~RFLAGS_ARITHMETIC) | (carry ? RFLAGS_CF : 0) | (code == 0 ? RFLAGS_ZF : 0);
	save->rip += OPCODE_SIZE;
}

/*
 * Looks the operand up: guest page table, then reverse map. DONE with *code != 0 is a failure to report; AGAIN: leave
 * the instruction where it is.
 */
static enum outcome find_operand(struct vcpu *vcpu, uint64_t address, uint64_t size, struct operand *operand,
				 uint32_t *code)
{
	struct walk walk;

	*code = SNP_FAIL_INPUT;
	if (size > RMP_PAGE_2M || (size == RMP_PAGE_2M && !is_aligned(address, PAGE_SIZE_2M)))
		return DONE;
	if (!walk_guest(vcpu, address, &walk)) {
		vmcb_save(vcpu)->cr2 = address;
		inject_exception(vcpu, VECTOR_PF, true, 0);
		return AGAIN;
	}
	operand->gpa = align_down(walk.gpa, PAGE_SIZE);
	operand->size_2m = size == RMP_PAGE_2M;
	operand->entry = rmp_entry(operand->gpa);
	if (!walk.encrypted || !walk.writable || operand->entry == NULL)
		return DONE;
	if (operand->size_2m && walk.size < PAGE_SIZE_2M) {
		*code = SNP_FAIL_SIZEMISMATCH;
		return DONE;
	}
	if (operand->entry->assigned == 0) {
		host_page_fault(vcpu, NPF_PRESENT | NPF_WRITE | NPF_RMP | NPF_FINAL | NPF_ENCRYPTED, operand->gpa);
		return AGAIN;
	}
	if (operand->size_2m && operand->entry->size_2m == 0) {
		*code = SNP_FAIL_SIZEMISMATCH;
		return DONE;
	}
	if (!operand->size_2m && operand->entry->size_2m != 0) {
		host_page_fault(vcpu, NPF_PRESENT | NPF_WRITE | NPF_RMP | NPF_FINAL | NPF_ENCRYPTED | NPF_SIZEMISMATCH,
				operand->gpa);
		return AGAIN;
	}
	*code = SNP_SUCCESS;
	return DONE;
}

static bool any_permission(const struct operand *operand, uint32_t level)
{
	uint8_t found = 0;

	for (uint64_t i = 0; i < (operand->size_2m ? PAGES_PER_2M : 1u); i++)
		found |= rmp_entry(operand->gpa + i * PAGE_SIZE)->perms[level];
	return found != 0;
}

static void pvalidate(struct vcpu *vcpu)
{
	uint64_t validate = (uint32_t)vcpu->cpu->gpr[GPR_RDX];
	struct operand operand;
	bool unchanged;
	uint32_t code;

	stats_rmp(STATS_PVALIDATE);
	if (validate > 1) {
		finish(vcpu, SNP_FAIL_INPUT, false);
		return;
	}
	if (vcpu->vmpl != 0) {
		finish(vcpu, SNP_FAIL_PERMISSION, false);
		return;
	}
	if (find_operand(vcpu, vmcb_save(vcpu)->rax, (uint32_t)vcpu->cpu->gpr[GPR_RCX], &operand, &code) == AGAIN)
		return;
	if (code != SNP_SUCCESS) {
		finish(vcpu, code, false);
		return;
	}
	if (rmp_in_use(operand.gpa)) {
		finish(vcpu, SNP_FAIL_INUSE, false);
		return;
	}
	unchanged = operand.entry->validated == validate;
	for (uint32_t level = 1; level < SNP_VMPL_COUNT && !unchanged && validate == 0; level++) {
		if (any_permission(&operand, level))
			tlb_taken(vcpu, level);
	}
	if (!unchanged)
		rmp_set_validated(operand.gpa, operand.size_2m, validate != 0);
	finish(vcpu, SNP_SUCCESS, unchanged);
}

static uint32_t check_adjust(const struct vcpu *vcpu, uint64_t attributes)
{
	uint64_t target = attributes & RMP_ATTR_VMPL_MASK;

	if (target >= SNP_VMPL_COUNT || (attributes & ADJUST_RESERVED) != 0)
		return SNP_FAIL_INPUT;
	if (target < vcpu->vmpl || (target == vcpu->vmpl && vcpu->vmpl != 0))
		return SNP_FAIL_PERMISSION;
	return SNP_SUCCESS;
}

static void rmpadjust(struct vcpu *vcpu)
{
	uint64_t attributes = vcpu->cpu->gpr[GPR_RDX];
	uint32_t target = (uint32_t)(attributes & RMP_ATTR_VMPL_MASK);
	uint8_t perms = (uint8_t)(attributes >> RMP_ATTR_PERM_SHIFT & 0xFu);
	uint32_t code = check_adjust(vcpu, attributes);
	struct operand operand;

	stats_rmp(STATS_RMPADJUST);
	if (code == SNP_SUCCESS &&
	    find_operand(vcpu, vmcb_save(vcpu)->rax, vcpu->cpu->gpr[GPR_RCX], &operand, &code) == AGAIN)
		return;
	if (code != SNP_SUCCESS) {
		finish(vcpu, code, false);
		return;
	}
	if (operand.entry->validated == 0) {
		inject_vc(vcpu, SVM_EXIT_PAGE_NOT_VALIDATED);
		return;
	}
	if (rmp_in_use(operand.gpa)) {
		finish(vcpu, SNP_FAIL_INUSE, false);
		return;
	}
	if (vcpu->vmpl != 0 && (perms & ~operand.entry->perms[vcpu->vmpl]) != 0) {
		finish(vcpu, SNP_FAIL_PERMISSION, false);
		return;
	}
	/* The level's own permissions cannot be changed; at VMPL0 this form still reaches the VMSA bit. */
	if (target == vcpu->vmpl)
		perms = operand.entry->perms[target];
	if ((operand.entry->perms[target] & ~perms) != 0)
		tlb_taken(vcpu, target);
	if (vcpu->vmpl == 0 && (attributes & RMP_ATTR_VMSA) != 0 && operand.entry->vmsa == 0)
		tlb_check_save_area(vcpu);
	rmp_set_permissions(operand.gpa, operand.size_2m, target, perms,
			    vcpu->vmpl == 0 ? (attributes & RMP_ATTR_VMSA) != 0 : operand.entry->vmsa != 0);
	finish(vcpu, SNP_SUCCESS, false);
}

static void rmpquery(struct vcpu *vcpu)
{
	uint64_t target = vcpu->cpu->gpr[GPR_RDX] & RMP_ATTR_VMPL_MASK;
	struct operand operand;
	uint32_t code = SNP_FAIL_INPUT;

	stats_rmp(STATS_RMPQUERY);
	if (target >= SNP_VMPL_COUNT || target <= vcpu->vmpl) {
		finish(vcpu, target >= SNP_VMPL_COUNT ? SNP_FAIL_INPUT : SNP_FAIL_PERMISSION, false);
		return;
	}
	if (find_operand(vcpu, vmcb_save(vcpu)->rax, RMP_PAGE_4K, &operand, &code) == AGAIN)
		return;
	if (code == SNP_SUCCESS) {
		vcpu->cpu->gpr[GPR_RDX] = target | (uint64_t)operand.entry->perms[target] << RMP_ATTR_PERM_SHIFT |
					  (operand.entry->vmsa != 0 ? RMP_ATTR_VMSA : 0);
		vcpu->cpu->gpr[GPR_RCX] = operand.entry->size_2m;
	}
	finish(vcpu, code, false);
}

static void invlpgb(struct vcpu *vcpu)
{
	if (tlb_broadcast(vcpu, vmcb_save(vcpu)->rax, (uint32_t)vcpu->cpu->gpr[GPR_RCX],
			  (uint32_t)vcpu->cpu->gpr[GPR_RDX]))
		vmcb_save(vcpu)->rip += SHORT_OPCODE_SIZE;
	else
		inject_exception(vcpu, VECTOR_GP, true, 0);
}

static void tlbsync(struct vcpu *vcpu)
{
	tlb_sync(vcpu);
	vmcb_save(vcpu)->rip += SHORT_OPCODE_SIZE;
}

static const struct instruction {
	uint8_t size;
	uint8_t code[OPCODE_SIZE];
	void (*run)(struct vcpu *);
	bool broadcast;
} instructions[] = {
	{ 4, { 0xF2, 0x0F, 0x01, 0xFF }, pvalidate, false },
	{ 4, { 0xF3, 0x0F, 0x01, 0xFE }, rmpadjust, false },
	{ 4, { 0xF3, 0x0F, 0x01, 0xFD }, rmpquery, false },
	{ 3, { 0x0F, 0x01, 0xFE }, invlpgb, true },
	{ 3, { 0x0F, 0x01, 0xFF }, tlbsync, true },
};

bool instruction_emulate(struct vcpu *vcpu)
{
	uint64_t address = vmcb_save(vcpu)->cs.base + vmcb_save(vcpu)->rip;

	for (uint32_t i = 0; i < ARRAY_SIZE(instructions); i++) {
		const struct instruction *instruction = &instructions[i];
		uint8_t code[OPCODE_SIZE];

		if ((instruction->broadcast && machine_without_invlpgb) ||
		    !guest_read_virtual(vcpu, address, code, instruction->size) ||
		    memcmp(code, instruction->code, instruction->size) != 0)
			continue;
		if (vmcb_save(vcpu)->cpl != 0)
			inject_exception(vcpu, VECTOR_GP, true, 0);
		else
			instruction->run(vcpu);
		return true;
	}
	return false;
}
