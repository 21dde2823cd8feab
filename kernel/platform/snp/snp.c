/* SPDX-License-Identifier: MIT */
/* The platform interface on SEV-SNP. */
#include "abi/terminate.h"
#include "kernel/platform/log.h"
#include "kernel/platform/platform.h"
#include "kernel/platform/snp/ghcb.h"
#include "kernel/x86/access.h"
#include "kernel/x86/cpu.h"
#include "kernel/x86/paging.h"
#include "kernel/x86/percpu.h"
#include "lib/string.h"

/* Features of the monitor's own level that it knows how to live with. */
#define STATUS_REQUIRED (SEV_STATUS_SEV | SEV_STATUS_SEV_ES | SEV_STATUS_SNP)
#define STATUS_TOLERATED (STATUS_REQUIRED | SEV_STATUS_RESTRICTED_INJECTION | SEV_STATUS_DEBUG_SWAP)
#define FEATURES_REQUIRED (GHCB_FEATURE_SNP | GHCB_FEATURE_AP_CREATION | GHCB_FEATURE_MULTI_VMPL)
#define SELECTOR_CODE 0x08u
#define SELECTOR_DATA 0x10u
#define ATTRIB_CODE64 0xA9Bu
#define ATTRIB_DATA 0xC93u
#define RFLAGS_RESERVED 2u
#define DR6_RESET 0xFFFF0FF0ull
#define DR7_RESET 0x400ull
#define PAT_RESET 0x0007040600070406ull
#define MXCSR_RESET 0x1F80u
#define FCW_RESET 0x37Fu

static uint64_t sev_status;
static bool flush_is_global;

/* Any page of the image serves: RMPADJUST for VMPL1 without permissions succeeds only at VMPL0. */
static uint8_t probe_page[PAGE_SIZE] __attribute__((aligned(4096)));

static void check_host(void)
{
	uint64_t info = ghcb_msr_call(GHCB_MSR_SEV_INFO_REQ);
	uint64_t features;

	/* guards (host): host and monitor speak one version of the GHCB protocol */
	if ((info & GHCB_MSR_CODE_MASK) != GHCB_MSR_SEV_INFO_RSP || info >> 48 < GHCB_VERSION_SNP ||
	    (info >> 32 & 0xFFFFu) > GHCB_VERSION_SNP)
		platform_terminate(TERMINATE_GHCB_VERSION);
	features = ghcb_msr_call(GHCB_MSR_FEATURES_REQ);
	/* guards (host): the host offers what an SVSM cannot do without */
	if ((features & GHCB_MSR_CODE_MASK) != GHCB_MSR_FEATURES_RSP ||
	    (features >> 12 & FEATURES_REQUIRED) != FEATURES_REQUIRED)
		platform_terminate(TERMINATE_HOST_FEATURES);
}

/* All translations of this guest, whatever level and address space they belong to (APM volume 3, INVLPGB). */
static int flush_all(void)
{
	return access_broadcast_flush(INVLPGB_ASID | INVLPGB_GLOBAL);
}

/* The processor has the instructions, and the host lets a guest use them. */
static bool probe_flush(const struct snp_cpuid_page *cpuid)
{
	struct cpuid_result sizes;

	return cpuid_table_lookup(cpuid, CPUID_ADDRESS_SIZES_LEAF, 0, &sizes) == 0 &&
	       (sizes.ebx & CPUID_ADDRESS_SIZES_EBX_INVLPGB) != 0 && flush_all() == 0;
}

bool platform_flush_is_global(void)
{
	return flush_is_global;
}

void platform_planes_flush(void)
{
	/* guards (host): no processor goes on using a permission that was taken away */
	if (flush_all() != 0)
		log_panic(TERMINATE_HOST_FEATURES, "the host has switched INVLPGB off");
}

void platform_early_init(const struct snp_cpuid_page *cpuid)
{
	struct cpuid_result leaf_7;
	uint32_t c_bit = 0;

	sev_status = cpu_read_msr(MSR_SEV_STATUS);
	/* guards (host): memory is encrypted and tracked, and no feature changes that behind the monitor */
	if ((sev_status & STATUS_REQUIRED) != STATUS_REQUIRED || (sev_status & ~STATUS_TOLERATED) != 0)
		platform_terminate(TERMINATE_NOT_SNP);
	/* guards (host): the C-bit that private mappings have is known */
	if (cpuid_table_check(cpuid) != 0 || cpuid_table_c_bit(cpuid, &c_bit) != 0)
		platform_terminate(TERMINATE_NO_C_BIT);
	paging_init(c_bit);
	/* guards (host): the monitor runs at the highest level */
	if (access_rmpadjust(va((uint64_t)(uintptr_t)probe_page), RMP_PAGE_4K, 1) != 0)
		platform_terminate(TERMINATE_NOT_VMPL0);
	check_host();
	flush_is_global = probe_flush(cpuid);
	if (cpuid_table_lookup(cpuid, 7, 0, &leaf_7) == 0)
		paging_protect_cpu((leaf_7.ebx >> 7 & 1u) != 0, (leaf_7.ebx >> 20 & 1u) != 0,
				   (leaf_7.ecx >> 2 & 1u) != 0);
}

int platform_cpu_init(struct percpu *cpu, pa_t page)
{
	void *pointer = paging_region_pointer(page);

	if (ghcb_page_state_change_early(page.v, PSC_OP_SHARED) != 0)
		return ERR_HOST;
	paging_region_set_shared(paging_region_va(page), true);
	memset(pointer, 0, PAGE_SIZE);
	if (ghcb_register(page.v) != 0)
		return ERR_HOST;
	cpu->ghcb = pointer;
	cpu->ghcb_gpa = page.v;
	return 0;
}

void platform_terminate(uint8_t code)
{
	ghcb_terminate(TERMINATE_SET_MONITOR, code);
}

void platform_console_write(uint16_t port, const char *text, size_t length)
{
	if (percpu_self()->ghcb != NULL)
		ghcb_port_write(port, text, length);
}

int platform_host_make_private(gpa_t start, uint64_t size)
{
	return ghcb_page_state_change(start.v, size, PSC_OP_PRIVATE);
}

int platform_host_make_shared(gpa_t start, uint64_t size)
{
	return ghcb_page_state_change(start.v, size, PSC_OP_SHARED);
}

int platform_message_carry(const struct platform_message *message, uint64_t *detail)
{
	return ghcb_guest_request(message->request.v, message->response.v, message->certificates.v,
				  message->certificate_pages, detail);
}

static int instruction_error(int result)
{
	switch (result & ~(int)ACCESS_CARRY) {
	case SNP_SUCCESS:
		return 0;
	case SNP_FAIL_INPUT:
		return ERR_INVALID;
	case SNP_FAIL_PERMISSION:
		return ERR_PERMISSION;
	case SNP_FAIL_INUSE:
		return ERR_BUSY;
	case SNP_FAIL_SIZEMISMATCH:
		return ERR_SIZE;
	default:
		return ERR_INVALID;
	}
}

static int pvalidate(va_t address, bool size_2m, uint64_t validate)
{
	int result = access_pvalidate(address, size_2m ? RMP_PAGE_2M : RMP_PAGE_4K, validate);

	if (result < 0)
		return result;
	if (result == (SNP_SUCCESS | (int)ACCESS_CARRY))
		return ERR_UNCHANGED;
	return instruction_error(result);
}

int platform_page_accept(va_t address, bool size_2m)
{
	return pvalidate(address, size_2m, 1);
}

int platform_page_release(va_t address, bool size_2m)
{
	return pvalidate(address, size_2m, 0);
}

static int rmpadjust(va_t address, bool size_2m, uint64_t attributes)
{
	int result = access_rmpadjust(address, size_2m ? RMP_PAGE_2M : RMP_PAGE_4K, attributes);

	return result < 0 ? result : instruction_error(result);
}

int platform_page_label(va_t address, bool size_2m, uint32_t plane, enum platform_label label)
{
	int error = 0;

	switch (label) {
	case LABEL_GUEST_RWX:
		return rmpadjust(address, size_2m, plane | RMP_ATTR_RWX);
	case LABEL_GUEST_READ:
		return rmpadjust(address, size_2m, plane | RMP_ATTR_READ);
	case LABEL_VMSA:
		return rmpadjust(address, size_2m, plane | RMP_ATTR_READ | RMP_ATTR_VMSA);
	case LABEL_OWN_VMSA:
		return rmpadjust(address, size_2m, plane | RMP_ATTR_VMSA);
	case LABEL_NONE:
		for (uint32_t level = plane; level < SNP_VMPL_COUNT && error == 0; level++)
			error = rmpadjust(address, size_2m, level);
		return error;
	}
	return ERR_INVALID;
}

uint64_t platform_guest_features(void)
{
	return (sev_status >> 2) & ~(SEV_FEATURE_RESTRICTED_INJECTION | SEV_FEATURE_DEBUG_SWAP);
}

int platform_plane_register(uint32_t apic_id, uint32_t plane, gpa_t vmsa)
{
	struct ghcb_event event = { .exit_code = GHCB_EXIT_AP_CREATION,
				    .info_1 = (uint64_t)apic_id << AP_CREATION_APIC_ID_SHIFT |
					      (uint64_t)plane << AP_CREATION_VMPL_SHIFT | AP_CREATE_ON_INIT,
				    .info_2 = vmsa.v,
				    .rax = platform_guest_features(),
				    .has_rax = true };

	return ghcb_call(&event, NULL);
}

static int change_efer(struct vmsa *vmsa, uint64_t clear, uint64_t set)
{
	uint64_t efer;
	int error = access_copy(&efer, &vmsa->efer, sizeof(efer));

	if (error != 0)
		return error;
	efer = (efer & ~clear) | set;
	return access_copy(&vmsa->efer, &efer, sizeof(efer));
}

int platform_plane_enable(struct vmsa *vmsa, bool flush)
{
	/* A zero here makes the processor drop every translation of the level at its next entry. */
	static const uint64_t none[2];
	int error = flush ? access_copy(&vmsa->tlb_id, none, sizeof(none)) : 0;

	return error != 0 ? error : change_efer(vmsa, 0, EFER_SVME);
}

/* A save area that runs is locked by the hardware; the store waits until the host has stopped it. */
int platform_plane_disable(struct vmsa *vmsa)
{
	return change_efer(vmsa, EFER_SVME, 0);
}

int platform_plane_run(uint32_t plane)
{
	uint64_t answer = ghcb_msr_call(GHCB_MSR_RUN_VMPL_REQ | (uint64_t)plane << 32);

	if (answer == (GHCB_MSR_RUN_VMPL_RSP | GHCB_RUN_VMPL_RESET << 32))
		return ERR_STATE;
	return answer == GHCB_MSR_RUN_VMPL_RSP ? 0 : ERR_HOST;
}

void platform_idle(void)
{
	cpu_halt();
}

static void fill_segments(struct vmsa *area)
{
	const struct vmsa_segment data = { .selector = SELECTOR_DATA, .attrib = ATTRIB_DATA, .limit = 0xFFFFFFFF };

	area->cs = (struct vmsa_segment){ .selector = SELECTOR_CODE, .attrib = ATTRIB_CODE64, .limit = 0xFFFFFFFF };
	area->ds = area->es = area->ss = area->fs = area->gs = data;
	area->tr = (struct vmsa_segment){ .attrib = 0x8B, .limit = 0xFFFF };
	area->ldtr = (struct vmsa_segment){ .attrib = 0x82, .limit = 0xFFFF };
}

int platform_cpu_start(struct percpu *cpu, pa_t page, va_t stack, void (*entry)(struct percpu *))
{
	struct vmsa *area = paging_region_pointer(page);
	struct ghcb_event event = { .exit_code = GHCB_EXIT_AP_CREATION,
				    .info_1 = (uint64_t)cpu->apic_id << AP_CREATION_APIC_ID_SHIFT | AP_CREATE,
				    .info_2 = page.v,
				    .rax = sev_status >> 2,
				    .has_rax = true };
	int error;

	memset(area, 0, sizeof(*area));
	fill_segments(area);
	area->efer = cpu_read_msr(MSR_EFER) | EFER_SVME;
	area->cr0 = cpu_read_cr0();
	area->cr3 = cpu_read_cr3();
	area->cr4 = cpu_read_cr4();
	area->rip = (uint64_t)(uintptr_t)entry;
	area->rsp = stack.v - sizeof(uint64_t);
	area->rdi = (uint64_t)(uintptr_t)cpu;
	area->rflags = RFLAGS_RESERVED;
	area->dr6 = DR6_RESET;
	area->dr7 = DR7_RESET;
	area->g_pat = PAT_RESET;
	area->xcr0 = 1;
	area->mxcsr = MXCSR_RESET;
	area->x87_fcw = FCW_RESET;
	area->sev_features = sev_status >> 2;
	/* Named for VMPL1 without permissions: the VMSA bit is the page's. */
	error = rmpadjust(paging_region_va(page), false, RMP_ATTR_VMSA | 1u);
	return error != 0 ? error : ghcb_call(&event, NULL);
}
