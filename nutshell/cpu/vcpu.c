/* SPDX-License-Identifier: MIT */
/* Running levels: VMSA pages in and out, VMRUN, and what each exit means on a machine with SEV-SNP. */
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/cpu/cpu.h"
#include "nutshell/cpu/memory.h"

#define VECTOR_GP 13u
#define MSR_PAT 0x277u
#define MSR_TSC_AUX 0xC0000103u
#define MSR_VM_HSAVE_PA 0xC0010117u
#define INTERCEPT_UD (1u << 6)
#define INTERCEPT_DB (1u << 1)
#define RFLAGS_TF (1ull << 8)
#define DR6_SINGLE_STEP (1ull << 14)
#define INTERCEPT_1_HLT (1u << 24)
#define INTERCEPT_1_COMMON (1u << 1 | 1u << 15 | 1u << 18 | 1u << 22 | 1u << 27 | 1u << 28 | 1u << 31)
#define INTERCEPT_2_COMMON (0x3Fu | 1u << 6 | 1u << 9 | 1u << 10 | 1u << 11)
#define V_INTR_MASKING (1ull << 24)
#define VINTR_SHADOW (1ull << 10)
#define IOPM_PAGES 3u
#define MSRPM_PAGES 2u
#define CPUID_LENGTH 2u
#define MSR_LENGTH 2u
#define VMGEXIT_LENGTH 4u
#define HLT_LENGTH 1u
#define FXSAVE_SIZE 512u
#define FSW_EXCEPTIONS 0x7Fu /* and the stack fault */
#define FSW_SUMMARY 0x80u
#define FSW_BUSY 0x8000u
#define LOCAL_APIC 0xFEE00000ull
#define LOCAL_APIC_ICR_LOW 0x300u
#define LOCAL_APIC_ICR_HIGH 0x310u
#define ICR_NMI 0x4400u
#define ICR_PENDING 0x1000u
#define USER_LEVEL 3u

struct vcpu machine_vcpu[MACHINE_VCPU_MAX];
uint32_t machine_vcpu_count = 1;

static struct vcpu_cpu cpus[MACHINE_VCPU_MAX];
extern const uint8_t cpu_run_resume[];

static uint8_t *iopm, *msrpm;
static uint32_t lock_word;

void machine_lock(void)
{
	while (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE) != 0) {
		while (__atomic_load_n(&lock_word, __ATOMIC_RELAXED) != 0)
			__builtin_ia32_pause();
	}
}

void machine_unlock(void)
{
	__atomic_store_n(&lock_word, 0, __ATOMIC_RELEASE);
}

/* Registers that belong to the level and that SNP hardware saves without telling the host. */
static const uint32_t passed_msrs[] = { 0xC0000080, 0xC0000081, 0xC0000082, 0xC0000083, 0xC0000084, 0xC0000100,
					0xC0000101, 0xC0000102, MSR_TSC_AUX, 0x174,	 0x175,      0x176,
					MSR_PAT,    0x10 };

void cpu_check_features(void)
{
	uint32_t out[4];

	asm_cpuid(0x80000000u, 0, out);
	if (out[0] >= 0x8000000Au) {
		asm_cpuid(0x80000001u, 0, out);
		if ((out[2] & 4u) != 0) {
			asm_cpuid(0x8000000Au, 0, out);
			if ((out[3] & 1u) != 0)
				return;
		}
	}
	machine_stop(STOP_LAUNCH, "this QEMU offers no SVM with nested paging: start it with -cpu EPYC,+svm,+npt and a "
		     "version from 7.2 on");
}

static void pass_msr(uint32_t msr)
{
	uint32_t bit = (msr < 0x2000u ? msr : 0x2000u + (msr - 0xC0000000u)) * 2u;

	msrpm[bit / 8u] &= (uint8_t)~(3u << (bit % 8u));
}

void cpu_init_this(uint32_t index)
{
	struct vcpu_cpu *cpu = &cpus[index];

	asm_write_msr(0xC0000080u, asm_read_msr(0xC0000080u) | EFER_SVME);
	asm_write_msr(MSR_VM_HSAVE_PA, virt_to_phys_map(machine_alloc_pages(1)));
	cpu->vmcb = machine_alloc_pages(1);
	cpu->vmcb_spa = virt_to_phys_map(cpu->vmcb);
	cpu->host_vmcb_spa = virt_to_phys_map(machine_alloc_pages(1));
	cpu_save_local_apic(cpu);
	__asm__ volatile("vmsave %0" : : "a"(cpu->host_vmcb_spa) : "memory");
}

void cpu_init(void)
{
	iopm = machine_alloc_pages(IOPM_PAGES);
	msrpm = machine_alloc_pages(MSRPM_PAGES);
	memset(iopm, 0xFF, IOPM_PAGES * PAGE_SIZE);
	memset(msrpm, 0xFF, MSRPM_PAGES * PAGE_SIZE);
	for (uint32_t i = 0; i < ARRAY_SIZE(passed_msrs); i++)
		pass_msr(passed_msrs[i]);
	rmp_init();
	npt_init();
	for (uint32_t i = 0; i < MACHINE_VCPU_MAX; i++) {
		machine_vcpu[i] = (struct vcpu){ .index = i, .apic_id = i, .cpu = &cpus[i] };
		for (uint32_t level = 0; level < SNP_VMPL_COUNT; level++)
			machine_vcpu[i].level[level].ghcb_registered = ~0ull;
	}
	cpu_init_this(0);
	timer_init();
}

/* The guest may be half-way through its own use of the register: its destination is put back. */
static void send_nmi(uint32_t apic_id)
{
	volatile uint32_t *low = phys_to_virt(LOCAL_APIC + LOCAL_APIC_ICR_LOW);
	volatile uint32_t *high = phys_to_virt(LOCAL_APIC + LOCAL_APIC_ICR_HIGH);
	uint32_t saved = *high;

	*high = apic_id << 24;
	*low = ICR_NMI;
	while ((*low & ICR_PENDING) != 0)
		__builtin_ia32_pause();
	*high = saved;
}

static void kick(struct vcpu *vcpu)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vcpu->cpu->waiting != 0) {
		vcpu->cpu->kicked = 1;
		send_nmi(vcpu->apic_id);
	}
	if (vcpu->cpu->in_guest == 0)
		return;
	send_nmi(vcpu->apic_id);
	while (vcpu->cpu->in_guest != 0)
		__builtin_ia32_pause();
}

void cpu_shoot_down(void)
{
	for (uint32_t i = 0; i < machine_vcpu_count; i++) {
		if (machine_vcpu[i].cpu->in_guest != 0)
			kick(&machine_vcpu[i]);
	}
}

uint64_t vcpu_rip(const struct vcpu *vcpu)
{
	return vmcb_save(vcpu)->rip;
}

bool vcpu_is_user(const struct vcpu *vcpu)
{
	return vmcb_save(vcpu)->cpl == USER_LEVEL;
}

/* ---- save areas ---- */

static void save_fpu(struct vmsa *vmsa)
{
	static uint8_t image[FXSAVE_SIZE] __attribute__((aligned(16)));

	__asm__ volatile("fxsaveq %0" : "=m"(image) : : "memory");
	memcpy(&vmsa->x87_fcw, image, 2);
	memcpy(&vmsa->x87_fsw, image + 2, 2);
	vmsa->x87_ftw = 0;
	for (uint32_t i = 0; i < 8; i++)
		vmsa->x87_ftw = (uint16_t)(vmsa->x87_ftw | ((image[4] >> i & 1u) != 0 ? 0u : 3u << (2u * i)));
	memcpy(&vmsa->x87_fop, image + 6, 2);
	memcpy(&vmsa->x87_rip, image + 8, 8);
	memcpy(&vmsa->x87_dp, image + 16, 8);
	memcpy(&vmsa->mxcsr, image + 24, 4);
	for (uint32_t i = 0; i < 8; i++)
		memcpy(vmsa->fpreg_x87 + i * 10ull, image + 32 + i * 16ull, 10);
	memcpy(vmsa->fpreg_xmm, image + 160, sizeof(vmsa->fpreg_xmm));
}

/*
 * When the x87 status has no error summary, TCG's FXRSTOR writes flags of QEMU's first processor, whichever executes it, without
 * a lock (check_exit()). A status without exceptions is loaded with one, which FNCLEX takes back: that touches nothing else.
 */
static void load_fpu(const struct vmsa *vmsa)
{
	static uint8_t image[FXSAVE_SIZE] __attribute__((aligned(16)));
	uint32_t mxcsr = vmsa->mxcsr & 0xFFFFu;
	bool clean = (vmsa->x87_fsw & (FSW_EXCEPTIONS | FSW_SUMMARY | FSW_BUSY)) == 0;
	uint16_t status = clean ? vmsa->x87_fsw | FSW_SUMMARY : vmsa->x87_fsw;

	memset(image, 0, sizeof(image));
	memcpy(image, &vmsa->x87_fcw, 2);
	memcpy(image + 2, &status, 2);
	for (uint32_t i = 0; i < 8; i++)
		image[4] = (uint8_t)(image[4] | ((vmsa->x87_ftw >> (2u * i) & 3u) != 3u ? 1u << i : 0u));
	memcpy(image + 6, &vmsa->x87_fop, 2);
	memcpy(image + 8, &vmsa->x87_rip, 8);
	memcpy(image + 16, &vmsa->x87_dp, 8);
	memcpy(image + 24, &mxcsr, 4);
	for (uint32_t i = 0; i < 8; i++)
		memcpy(image + 32 + i * 16ull, vmsa->fpreg_x87 + i * 10ull, 10);
	memcpy(image + 160, vmsa->fpreg_xmm, sizeof(vmsa->fpreg_xmm));
	__asm__ volatile("fxrstorq %0" : : "m"(image) : "memory");
	if (clean)
		__asm__ volatile("fnclex");
}

static void save_debug_registers(struct vmsa *vmsa)
{
	__asm__ volatile("movq %%dr0, %0" : "=r"(vmsa->dr[0]));
	__asm__ volatile("movq %%dr1, %0" : "=r"(vmsa->dr[1]));
	__asm__ volatile("movq %%dr2, %0" : "=r"(vmsa->dr[2]));
	__asm__ volatile("movq %%dr3, %0" : "=r"(vmsa->dr[3]));
}

static void load_debug_registers(const struct vmsa *vmsa)
{
	__asm__ volatile("movq %0, %%dr0" : : "r"(vmsa->dr[0]));
	__asm__ volatile("movq %0, %%dr1" : : "r"(vmsa->dr[1]));
	__asm__ volatile("movq %0, %%dr2" : : "r"(vmsa->dr[2]));
	__asm__ volatile("movq %0, %%dr3" : : "r"(vmsa->dr[3]));
}

static uint64_t *gpr_field(struct vmsa *vmsa, uint32_t index)
{
	switch (index) {
	case GPR_RCX:
		return &vmsa->rcx;
	case GPR_RDX:
		return &vmsa->rdx;
	case GPR_RBX:
		return &vmsa->rbx;
	case GPR_RBP:
		return &vmsa->rbp;
	case GPR_RSI:
		return &vmsa->rsi;
	case GPR_RDI:
		return &vmsa->rdi;
	default:
		return index >= GPR_R8 ? &vmsa->r8 + (index - GPR_R8) : NULL;
	}
}

/* ---- single steps: nothing else in VMPL0 uses the trap flag ---- */

void step_begin(struct vcpu *vcpu)
{
	vcpu->cpu->stepping = true;
	vmcb_save(vcpu)->rflags |= RFLAGS_TF;
	*vmcb_u32(vcpu, VMCB_INTERCEPT_EXCEPTIONS) = INTERCEPT_UD | INTERCEPT_DB;
}

/* Behind the instruction, or with it not begun and another level about to run: it will fault again. */
static void step_end(struct vcpu *vcpu)
{
	if (!vcpu->cpu->stepping)
		return;
	vcpu->cpu->stepping = false;
	vmcb_save(vcpu)->rflags &= ~RFLAGS_TF;
	vmcb_save(vcpu)->dr6 &= ~DR6_SINGLE_STEP;
	*vmcb_u32(vcpu, VMCB_INTERCEPT_EXCEPTIONS) = INTERCEPT_UD;
	npt_forget_watched();
}

/* EFER.SVME as software set it: VMRUN needs it in the VMCB, so the VMSA keeps the truth. */
static void save_level(struct vcpu *vcpu, uint64_t exit_code)
{
	struct vmsa *vmsa = machine_ram_page(vcpu->cpu->loaded_vmsa);
	uint8_t vmpl = vmsa->vmpl;

	step_end(vcpu);
	memcpy(vmsa, vmcb_save(vcpu), VMCB_SAVE_COMMON);
	vmsa->vmpl = vmpl;
	vmsa->g_pat = asm_read_msr(MSR_PAT);
	vmsa->tsc_aux = (uint32_t)asm_read_msr(MSR_TSC_AUX);
	for (uint32_t i = 0; i < GPR_COUNT; i++) {
		uint64_t *field = gpr_field(vmsa, i);

		if (field != NULL)
			*field = vcpu->cpu->gpr[i];
	}
	save_fpu(vmsa);
	save_debug_registers(vmsa);
	vmsa->exit_code = exit_code;
	vmsa->exit_info_1 = *vmcb_u64(vcpu, VMCB_EXIT_INFO_1);
	vmsa->exit_info_2 = *vmcb_u64(vcpu, VMCB_EXIT_INFO_2);
	vmsa->exit_int_info = *vmcb_u64(vcpu, VMCB_EXIT_INT_INFO);
	vmsa->event_inj = *vmcb_u64(vcpu, VMCB_EVENT_INJ);
	if ((*vmcb_u64(vcpu, VMCB_INTERRUPT_SHADOW) & 1u) != 0)
		vmsa->vintr_ctrl |= VINTR_SHADOW;
	else
		vmsa->vintr_ctrl &= ~VINTR_SHADOW;
	rmp_set_in_use(vcpu->cpu->loaded_vmsa, false);
}

static void fill_control(struct vcpu *vcpu)
{
	bool paged = (vmcb_save(vcpu)->cr0 >> 31 & 1u) != 0;

	*vmcb_u32(vcpu, VMCB_INTERCEPT_EXCEPTIONS) = INTERCEPT_UD;
	*vmcb_u32(vcpu, VMCB_INTERCEPT_1) = INTERCEPT_1_COMMON | (vcpu->vmpl == 0 ? INTERCEPT_1_HLT : 0);
	*vmcb_u32(vcpu, VMCB_INTERCEPT_2) = INTERCEPT_2_COMMON;
	*vmcb_u64(vcpu, VMCB_IOPM) = virt_to_phys_map(iopm);
	*vmcb_u64(vcpu, VMCB_MSRPM) = virt_to_phys_map(msrpm);
	*vmcb_u32(vcpu, VMCB_ASID) = 1;
	*vmcb_u64(vcpu, VMCB_NESTED_CONTROL) = 1;
	*vmcb_u64(vcpu, VMCB_NESTED_CR3) = npt_root(vcpu->vmpl, paged);
	/* Interrupts go straight to a guest level; they wait while VMPL0 runs. */
	*vmcb_u64(vcpu, VMCB_V_INTR) = vcpu->vmpl == 0 ? V_INTR_MASKING : 0;
}

static void load_level(struct vcpu *vcpu)
{
	struct level *level = &vcpu->level[vcpu->vmpl];
	struct vmsa *vmsa = machine_ram_page(level->vmsa_gpa);

	tlb_enter(vcpu, vcpu->vmpl, (vmsa->tlb_id | vmsa->pcpu_id) == 0);
	vmsa->tlb_id = 1;
	vmsa->pcpu_id = vcpu->index + 1u;
	memcpy(vmcb_save(vcpu), vmsa, VMCB_SAVE_COMMON);
	memset(vmcb_save(vcpu)->reserved_d8, 0, sizeof(vmcb_save(vcpu)->reserved_d8));
	vmcb_save(vcpu)->vmpl = 0;
	for (uint32_t i = 0; i < GPR_COUNT; i++) {
		const uint64_t *field = gpr_field(vmsa, i);

		if (field != NULL)
			vcpu->cpu->gpr[i] = *field;
	}
	asm_write_msr(MSR_PAT, vmsa->g_pat);
	asm_write_msr(MSR_TSC_AUX, vmsa->tsc_aux);
	load_fpu(vmsa);
	load_debug_registers(vmsa);
	fill_control(vcpu);
	*vmcb_u64(vcpu, VMCB_INTERRUPT_SHADOW) = (vmsa->vintr_ctrl & VINTR_SHADOW) != 0;
	*vmcb_u64(vcpu, VMCB_EXIT_INT_INFO) = 0;
	*vmcb_u64(vcpu, VMCB_EVENT_INJ) = 0;
	if ((vmsa->event_inj >> 31 & 1u) != 0)
		*vmcb_u64(vcpu, VMCB_EVENT_INJ) = vmsa->event_inj;
	vmsa->event_inj = 0;
	vcpu->cpu->loaded_vmsa = level->vmsa_gpa;
	rmp_set_in_use(level->vmsa_gpa, true);
}

/* What VMRUN checks of a save area (APM volume 2, 15.36.12). */
static int check_level(const struct vcpu *vcpu, uint32_t vmpl)
{
	const struct level *level = &vcpu->level[vmpl];
	const struct rmp_entry *entry = level->vmsa_gpa == 0 ? NULL : rmp_lookup(level->vmsa_gpa);
	const struct vmsa *vmsa;

	if (entry == NULL || entry->assigned == 0 || entry->validated == 0 || entry->vmsa == 0 ||
	    rmp_in_use(level->vmsa_gpa))
		return ERR_STATE;
	vmsa = machine_ram_page(level->vmsa_gpa);
	if (vmsa->vmpl != vmpl || (vmsa->efer & EFER_SVME) == 0 || (vmsa->sev_features & SEV_FEATURE_SNP_ACTIVE) == 0)
		return ERR_STATE;
	return 0;
}

/* Stays at VMPL0 begin and end with a switch; its start, its waits in HLT and its way back from a reset are none. */
static void count_stay(struct vcpu_cpu *cpu, uint32_t next)
{
	uint64_t now = asm_read_tsc();

	if (cpu->stay_since != 0)
		stats_stay(now - cpu->stay_since);
	cpu->stay_since = next == 0 ? now : 0;
}

int vcpu_switch(struct vcpu *vcpu, uint32_t vmpl, uint64_t exit_code)
{
	if (vmpl >= SNP_VMPL_COUNT || vmpl == vcpu->vmpl || check_level(vcpu, vmpl) != 0)
		return ERR_STATE;
	stats_switch();
	count_stay(vcpu->cpu, vmpl);
	save_level(vcpu, exit_code);
	vcpu->vmpl = vmpl;
	load_level(vcpu);
	vcpu->idle = false;
	if (vcpu->start_request && vcpu->start_vmpl == vmpl)
		__atomic_store_n(&vcpu->start_request, false, __ATOMIC_RELEASE);
	return 0;
}

int vcpu_start(struct vcpu *vcpu, uint32_t vmpl)
{
	if (vcpu->online || check_level(vcpu, vmpl) != 0)
		return ERR_STATE;
	vcpu->vmpl = vmpl;
	load_level(vcpu);
	vcpu->online = true;
	return 0;
}

static bool is_asked(const struct vcpu *vcpu)
{
	return __atomic_load_n(&vcpu->reset_request, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&vcpu->stop_request, __ATOMIC_ACQUIRE) ||
	       __atomic_load_n(&vcpu->start_request, __ATOMIC_ACQUIRE);
}

/*
 * Waits until the other processor has seen to a request; the lock is free meanwhile. Two that ask each other would wait for
 * ever: whoever is asked itself goes on, as a host does that only passes requests on.
 */
static void wait_for(struct vcpu *vcpu, struct vcpu *target, const bool *request)
{
	kick(target);
	machine_unlock();
	while (__atomic_load_n(request, __ATOMIC_ACQUIRE) && !is_asked(vcpu))
		__builtin_ia32_pause();
	machine_lock();
}

int vcpu_request_start(struct vcpu *vcpu, struct vcpu *target, uint32_t vmpl)
{
	if (check_level(target, vmpl) != 0)
		return ERR_STATE;
	target->start_vmpl = vmpl;
	target->start_request = true;
	if (!target->online || target->idle || target->vmpl == vmpl)
		wait_for(vcpu, target, &target->start_request);
	return 0;
}

void vcpu_request_stop(struct vcpu *vcpu, struct vcpu *target, uint32_t vmpl)
{
	if (!target->online || target->vmpl != vmpl)
		return;
	target->stop_vmpl = vmpl;
	target->stop_request = true;
	wait_for(vcpu, target, &target->stop_request);
}

static void unload(struct vcpu *vcpu, uint64_t exit_code)
{
	save_level(vcpu, exit_code);
	vcpu->cpu->stay_since = 0;
	vcpu->online = false;
	vcpu->idle = false;
}

/* ---- reset of the guest ---- */

static uint64_t reset_answer;
bool machine_reset_pending;

static void let_monitor_go_on(struct vcpu *vcpu)
{
	if (vcpu->online) {
		vcpu->idle = false;
		machine_reset_pending = true;
		return;
	}
	vcpu->level[0].ghcb_msr = reset_answer;
	if (vcpu_start(vcpu, 0) != 0)
		machine_stop(STOP_GUEST_DEAD, "VMPL0 of vCPU 0 cannot run after a reset of the guest");
	stats_switch();
}

/* Whoever waits for this vCPU to start or stop something need not wait any more. */
static void reset_here(struct vcpu *vcpu)
{
	if (vcpu->online && vcpu->vmpl != 0)
		unload(vcpu, SVM_EXIT_INTR);
	for (uint32_t i = 1; i < SNP_VMPL_COUNT; i++)
		vcpu->level[i] = (struct level){ .ghcb_registered = ~0ull };
	__atomic_store_n(&vcpu->stop_request, false, __ATOMIC_RELEASE);
	__atomic_store_n(&vcpu->start_request, false, __ATOMIC_RELEASE);
	/* What VMPL0 has borrowed of it is not given back to another guest. */
	vcpu->cpu->timer.borrowed = false;
	vcpu->cpu->timer.debt = 0;
	cpu_reset_local_apic(vcpu->cpu);
	vcpu->reset_request = false;
	if (vcpu->index == 0)
		let_monitor_go_on(vcpu);
}

void vcpu_reset_guest(struct vcpu *vcpu, uint64_t answer)
{
	reset_answer = answer;
	for (uint32_t i = machine_vcpu_count; i-- > 0;) {
		struct vcpu *target = &machine_vcpu[i];

		/* From now on nothing of it starts there, even before the processor has noticed. */
		for (uint32_t j = 1; j < SNP_VMPL_COUNT; j++)
			target->level[j].vmsa_gpa = 0;
		if (target == vcpu)
			continue;
		target->reset_request = true;
		kick(target);
	}
	reset_here(vcpu);
}

/* What other processors have asked of this one. */
static void serve_requests(struct vcpu *vcpu)
{
	if (vcpu->reset_request)
		reset_here(vcpu);
	if (vcpu->stop_request) {
		if (vcpu->online && vcpu->vmpl == vcpu->stop_vmpl)
			unload(vcpu, SVM_EXIT_INTR);
		__atomic_store_n(&vcpu->stop_request, false, __ATOMIC_RELEASE);
	}
	if (!vcpu->start_request || (vcpu->online && !vcpu->idle && vcpu->vmpl != vcpu->start_vmpl))
		return;
	if (vcpu->online) {
		if (vcpu->vmpl != vcpu->start_vmpl)
			stats_switch();
		/* The save area that is loaded may be gone by now: what is registered is the new one. */
		unload(vcpu, SVM_EXIT_HLT);
	}
	(void)vcpu_start(vcpu, vcpu->start_vmpl);
	__atomic_store_n(&vcpu->start_request, false, __ATOMIC_RELEASE);
}

/* ---- exits ---- */

static void msr_exit(struct vcpu *vcpu)
{
	struct level *level = &vcpu->level[vcpu->vmpl];
	struct vmsa *save = vmcb_save(vcpu);
	uint32_t msr = (uint32_t)vcpu->cpu->gpr[GPR_RCX];
	bool write = (*vmcb_u64(vcpu, VMCB_EXIT_INFO_1) & 1u) != 0;
	uint64_t value;

	if (msr == MSR_GHCB && write) {
		level->ghcb_msr = (uint32_t)save->rax | vcpu->cpu->gpr[GPR_RDX] << 32;
	} else if (msr == MSR_GHCB || (msr == MSR_SEV_STATUS && !write)) {
		const struct vmsa *vmsa = machine_ram_page(vcpu->cpu->loaded_vmsa);

		value = msr == MSR_GHCB ? level->ghcb_msr :
					  vmsa->sev_features << 2 | SEV_STATUS_SEV | SEV_STATUS_SEV_ES;
		save->rax = (uint32_t)value;
		vcpu->cpu->gpr[GPR_RDX] = value >> 32;
	} else if (msr == MSR_SEV_STATUS) {
		inject_exception(vcpu, 13, true, 0);
		return;
	} else {
		inject_vc(vcpu, SVM_EXIT_MSR);
		return;
	}
	save->rip += MSR_LENGTH;
}

static void vmmcall_exit(struct vcpu *vcpu)
{
	struct vmsa *save = vmcb_save(vcpu);
	uint8_t prefix = 0;

	if (guest_read_virtual(vcpu, save->cs.base + save->rip, &prefix, 1) && (prefix == 0xF3 || prefix == 0xF2)) {
		/* VMGEXIT is for ring 0 alone (APM volume 3). */
		if (save->cpl != 0) {
			inject_exception(vcpu, VECTOR_GP, true, 0);
			return;
		}
		stats_exit(vcpu->vmpl, SVM_EXIT_VMGEXIT);
		save->rip += VMGEXIT_LENGTH;
		host_vmgexit(vcpu);
		return;
	}
	inject_vc(vcpu, SVM_EXIT_VMMCALL);
}

static void handle_exit(struct vcpu *vcpu)
{
	uint64_t code = *vmcb_u64(vcpu, VMCB_EXIT_CODE);
	uint64_t info_1 = *vmcb_u64(vcpu, VMCB_EXIT_INFO_1);
	uint64_t info_2 = *vmcb_u64(vcpu, VMCB_EXIT_INFO_2);

	*vmcb_u64(vcpu, VMCB_EVENT_INJ) = 0;
	if (vcpu->vmpl == 0 && vcpu_is_user(vcpu))
		walk_note_user(vcpu);
	if (code != SVM_EXIT_NPF)
		vcpu->cpu->fault_repeats = 0;
	switch (code) {
	case SVM_EXIT_NPF:
		inject_interrupted(vcpu);
		npt_fault(vcpu, info_1, info_2);
		break;
	case SVM_EXIT_MSR:
		msr_exit(vcpu);
		break;
	case SVM_EXIT_VMMCALL:
		vmmcall_exit(vcpu);
		break;
	case SVM_EXIT_EXCP_DB:
		step_end(vcpu);
		break;
	case SVM_EXIT_EXCP_UD:
		if (!instruction_emulate(vcpu))
			inject_exception(vcpu, 6, false, 0);
		break;
	case SVM_EXIT_CPUID:
	case SVM_EXIT_IOIO:
	case SVM_EXIT_RDPMC:
	case SVM_EXIT_INVD:
	case SVM_EXIT_WBINVD:
	case SVM_EXIT_MONITOR:
	case SVM_EXIT_MWAIT:
		inject_vc(vcpu, code);
		break;
	case SVM_EXIT_INTR:
	case SVM_EXIT_NMI:
		if (code == SVM_EXIT_INTR || !vcpu->cpu->own_nmi)
			stats_exit(vcpu->vmpl, code);
		inject_interrupted(vcpu);
		break;
	case SVM_EXIT_HLT:
		/* Only VMPL0's is intercepted: it waits until another level of this vCPU asks for it. */
		stats_exit(vcpu->vmpl, code);
		vmcb_save(vcpu)->rip += HLT_LENGTH;
		vcpu->idle = true;
		break;
	default:
		stats_exit(vcpu->vmpl, code);
		host_exit(vcpu, code, info_1, info_2);
		break;
	}
}

/*
 * TCG remembers an external interrupt that VMRUN has injected as an exception still to be delivered, and delivers it a second
 * time when it leaves its loop for some other reason before the next exit. So the exit comes at once: an NMI that waits for
 * GIF ends the stay between the injection and the first instruction.
 */
static void inject_once(struct vcpu *vcpu)
{
	vcpu->cpu->own_nmi = inject_is_interrupt(vcpu);
	if (!vcpu->cpu->own_nmi)
		return;
	__asm__ volatile("clgi" : : : "memory");
	send_nmi(vcpu->apic_id);
}

static void enter(struct vcpu *vcpu)
{
	/* VMRUN refuses a VMCB without SVME, whatever the level believes. */
	vmcb_save(vcpu)->efer |= EFER_SVME;
	timer_enter(vcpu);
	machine_unlock();
	inject_once(vcpu);
	cpu_run_guest(vcpu->cpu->gpr, vcpu->cpu->vmcb_spa, vcpu->cpu->host_vmcb_spa);
	machine_lock();
}

/*
 * With a thread for each processor, QEMU now and then writes flags of its first processor from another one's thread, and has
 * forgotten whether that one is in a guest (docs/nutshell.md). It may end a stay twice then: the VMCB holds Nutshell's own state,
 * the guest's is lost.
 */
static void check_exit(const struct vcpu *vcpu)
{
	uint64_t root;

	__asm__ volatile("movq %%cr3, %0" : "=r"(root));
	if (vmcb_save(vcpu)->rip == (uint64_t)(uintptr_t)cpu_run_resume && vmcb_save(vcpu)->cr3 == root)
		machine_stop(STOP_INTERNAL, "QEMU has lost the state of vCPU %u (exit 0x%llx, info 0x%llx 0x%llx): start it with "
			     "one thread for all processors, '--thread single'",
			     vcpu->index, (unsigned long long)*vmcb_u64(vcpu, VMCB_EXIT_CODE),
			     (unsigned long long)*vmcb_u64(vcpu, VMCB_EXIT_INFO_1),
			     (unsigned long long)*vmcb_u64(vcpu, VMCB_EXIT_INFO_2));
}

/* Until another processor asks for something. Interrupts of the guest's devices stay pending. */
static void wait(struct vcpu *vcpu)
{
	vcpu->cpu->kicked = 0;
	vcpu->cpu->waiting = 1;
	machine_unlock();
	cpu_wait(&vcpu->cpu->kicked);
	machine_lock();
	vcpu->cpu->waiting = 0;
}

void machine_run(struct vcpu *vcpu)
{
	machine_lock();
	for (;;) {
		serve_requests(vcpu);
		if (!vcpu->online || vcpu->idle) {
			wait(vcpu);
			continue;
		}
		enter(vcpu);
		check_exit(vcpu);
		timer_leave(vcpu);
		handle_exit(vcpu);
	}
}
