/* SPDX-License-Identifier: MIT */
/*
 * Exceptions raised in the guest, through EVENTINJ where TCG gives the error code that is asked for; else by hand: #VC, and what
 * a hostile host injects.
 */
#include "nutshell/cpu/cpu.h"

#define VECTOR_NMI 2u
#define VECTOR_VC 29u
#define EVENT_VALID (1ull << 31)
#define EVENT_ERROR (1ull << 11)
#define EVENT_TYPE_SHIFT 8
#define EVENT_TYPE_MASK 7ull
#define EVENT_INTERRUPT 0ull
#define EVENT_NMI 2ull
#define EVENT_EXCEPTION 3ull
#define EVENT_SOFTWARE 4ull
#define RFLAGS_TF (1ull << 8)
#define RFLAGS_IF (1ull << 9)
#define RFLAGS_NT (1ull << 14)
#define RFLAGS_RF (1ull << 16)
#define RFLAGS_VM (1ull << 17)
#define ATTRIB_LONG 0x200u
#define GATE_INTERRUPT 0xEu
#define CODE64_ATTRIB 0xA9Bu
#define DATA_ATTRIB 0xC93u

void inject_exception(struct vcpu *vcpu, uint8_t vector, bool has_error, uint32_t error)
{
	uint64_t type = vector == VECTOR_NMI ? EVENT_NMI : EVENT_EXCEPTION;

	*vmcb_u64(vcpu, VMCB_EVENT_INJ) = vector | type << EVENT_TYPE_SHIFT | EVENT_VALID |
					  (has_error ? EVENT_ERROR | (uint64_t)error << 32 : 0);
}

static void dead(struct vcpu *vcpu, const char *what)
{
	machine_stop(STOP_GUEST_DEAD, "VMPL%u cannot take an exception at 0x%llx after exit 0x%llx: %s", vcpu->vmpl,
		     (unsigned long long)vcpu_rip(vcpu), (unsigned long long)*vmcb_u64(vcpu, VMCB_EXIT_CODE), what);
}

/* Through a 64-bit gate: IST, or the stack of the inner level, or the present stack. */
static void deliver_64(struct vcpu *vcpu, uint8_t vector, bool has_error, uint64_t error)
{
	struct vmsa *save = vmcb_save(vcpu);
	uint64_t gate[2], frame[6], stack = save->rsp, size = has_error ? sizeof(frame) : sizeof(frame) - sizeof(error);
	uint32_t ist;

	if (!guest_read_virtual(vcpu, save->idtr.base + vector * 16ull, gate, sizeof(gate)))
		dead(vcpu, "no interrupt descriptor table");
	ist = (uint32_t)(gate[0] >> 32) & 7u;
	if (ist != 0 && !guest_read_virtual(vcpu, save->tr.base + 36u + 8ull * (ist - 1u), &stack, sizeof(stack)))
		dead(vcpu, "no task state segment");
	if (ist == 0 && save->cpl != 0 && !guest_read_virtual(vcpu, save->tr.base + 4u, &stack, sizeof(stack)))
		dead(vcpu, "no task state segment");
	frame[0] = error;
	frame[1] = save->rip;
	frame[2] = save->cs.selector;
	frame[3] = save->rflags;
	frame[4] = save->rsp;
	frame[5] = save->ss.selector;
	stack = align_down(stack, 16) - size;
	if (!guest_write_virtual(vcpu, stack, has_error ? frame : frame + 1, size))
		dead(vcpu, "no stack");
	if (save->cpl != 0)
		save->ss = (struct vmsa_segment){ .attrib = DATA_ATTRIB, .limit = 0xFFFFFFFF };
	save->cs = (struct vmsa_segment){ .selector = (uint16_t)(gate[0] >> 16 & 0xFFFCu),
					  .attrib = CODE64_ATTRIB,
					  .limit = 0xFFFFFFFF };
	save->rip = (gate[0] & 0xFFFFu) | (gate[0] >> 48) << 16 | gate[1] << 32;
	save->rsp = stack;
	save->cpl = 0;
	save->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM);
	if ((gate[0] >> 40 & 0xFu) == GATE_INTERRUPT)
		save->rflags &= ~RFLAGS_IF;
}

/* Through a 32-bit gate at the same level: firmware before long mode. */
static void deliver_32(struct vcpu *vcpu, uint64_t error)
{
	struct vmsa *save = vmcb_save(vcpu);
	uint32_t gate[2], frame[4], stack = (uint32_t)save->rsp - (uint32_t)sizeof(frame);

	if (!guest_read_virtual(vcpu, save->idtr.base + VECTOR_VC * 8ull, gate, sizeof(gate)))
		dead(vcpu, "no interrupt descriptor table");
	frame[0] = (uint32_t)error;
	frame[1] = (uint32_t)save->rip;
	frame[2] = save->cs.selector;
	frame[3] = (uint32_t)save->rflags;
	if (!guest_write_virtual(vcpu, save->ss.base + stack, frame, sizeof(frame)))
		dead(vcpu, "no stack");
	save->cs.selector = (uint16_t)(gate[0] >> 16);
	save->rip = (gate[0] & 0xFFFFu) | (gate[1] & 0xFFFF0000u);
	save->rsp = stack;
	save->rflags &= ~(RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_IF);
}

void inject_vc(struct vcpu *vcpu, uint64_t error)
{
	vcpu->cpu->fault_repeats = 0; /* the guest decides what comes of it */
	*vmcb_u64(vcpu, VMCB_INTERRUPT_SHADOW) = 0;
	if ((vmcb_save(vcpu)->cs.attrib & ATTRIB_LONG) != 0 || (vmcb_save(vcpu)->efer & EFER_LMA) != 0)
		deliver_64(vcpu, VECTOR_VC, true, error);
	else
		deliver_32(vcpu, error);
}

/*
 * TCG reports external interrupts as exceptions (type 3), and software interrupts must be executed again, not injected.
 */
void inject_interrupted(struct vcpu *vcpu)
{
	uint64_t event = *vmcb_u64(vcpu, VMCB_EXIT_INT_INFO);
	uint64_t type = event >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK;

	if ((event & EVENT_VALID) == 0 || type == EVENT_SOFTWARE)
		return;
	if (type == EVENT_EXCEPTION && (event & 0xFFu) >= 32u)
		event &= ~(EVENT_TYPE_MASK << EVENT_TYPE_SHIFT);
	*vmcb_u64(vcpu, VMCB_EVENT_INJ) = event;
}

bool inject_is_interrupt(const struct vcpu *vcpu)
{
	uint64_t event = *vmcb_u64(vcpu, VMCB_EVENT_INJ);

	return (event & EVENT_VALID) != 0 && (event >> EVENT_TYPE_SHIFT & EVENT_TYPE_MASK) == EVENT_INTERRUPT;
}

/* EVENTINJ says whether there is an error code (APM volume 2, 15.20); TCG goes by the vector, and knows these. */
static bool has_error_for_tcg(uint8_t vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

void vcpu_inject(struct vcpu *vcpu, uint8_t vector, bool has_error, uint32_t error)
{
	vcpu->cpu->fault_repeats = 0;
	if (vector == VECTOR_NMI || has_error == has_error_for_tcg(vector) || (vmcb_save(vcpu)->efer & EFER_LMA) == 0) {
		inject_exception(vcpu, vector, has_error, error);
		return;
	}
	*vmcb_u64(vcpu, VMCB_INTERRUPT_SHADOW) = 0;
	deliver_64(vcpu, vector, has_error, error);
}
