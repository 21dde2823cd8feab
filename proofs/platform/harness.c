/* SPDX-License-Identifier: MIT */
/*
 * SEV-SNP's instructions and what the host says of itself. The instructions and exchanges answer anything; what is proved is
 * what the monitor makes of it.
 */
#include "proofs/prover.h"

#define KERNEL_X86_CPU_H
#include "lib/types.h"
static inline uint64_t cpu_read_msr(uint32_t msr);
static uint64_t cr0, cr3, cr4, halts;
static inline uint64_t cpu_read_cr0(void)
{
	return cr0;
}
static inline uint64_t cpu_read_cr3(void)
{
	return cr3;
}
static inline uint64_t cpu_read_cr4(void)
{
	return cr4;
}
static inline void cpu_halt(void)
{
	halts++;
}

#define memset zero
#include <stddef.h>
static void *zero(void *destination, int byte, size_t size);

#include "kernel/platform/snp/snp.c"

uint64_t paging_c_bit, paging_region_gpa;

static bool ended; /* the VM: nothing is done behind this */
static uint8_t reason;

static uint64_t status, own_efer;
static bool cpu_starts;
static inline uint64_t cpu_read_msr(uint32_t msr)
{
	if (cpu_starts) {
		PROVE(msr == MSR_EFER, "as this processor has it");
		return own_efer;
	}
	PROVE(msr == MSR_SEV_STATUS, "the status of this level");
	return status;
}

/* ---- the host ---- */

static uint64_t info, features;
static uint32_t exchanges;

static uint64_t run_answer;
static uint32_t run_plane; /* not 0: a plane is to run */

uint64_t ghcb_msr_call(uint64_t request)
{
	exchanges++;
	if (run_plane != 0) {
		PROVE(request == (0x16 | (uint64_t)run_plane << 32), "this plane");
		return run_answer = any_u64();
	}
	if (request == GHCB_MSR_SEV_INFO_REQ)
		return info = any_u64();
	PROVE(request == GHCB_MSR_FEATURES_REQ, "version first, then features");
	return features = any_u64();
}

/* Both are asked for, and what the monitor needs is there. */
static bool version_good(void)
{
	return (info & 0xFFF) == GHCB_MSR_SEV_INFO_RSP && info >> 48 >= 2 && (info >> 32 & 0xFFFF) <= 2;
}

static bool features_good(void)
{
	return (features & 0xFFF) == GHCB_MSR_FEATURES_RSP && (features >> 12 & 1) != 0 && (features >> 13 & 1) != 0 &&
	       (features >> 17 & 1) != 0;
}

static uint8_t expected_reason(void)
{
	return version_good() ? TERMINATE_HOST_FEATURES : TERMINATE_GHCB_VERSION;
}

static bool table_good, c_bit_good, level_good, starting;
static bool status_good(void)
{
	return (status & 7) == 7 && (status & ~0xA7ull) == 0;
}

void ghcb_terminate(uint8_t set, uint8_t code)
{
	PROVE(set == TERMINATE_SET_MONITOR, "the monitor's own reasons");
	if (starting && !status_good())
		PROVE(code == TERMINATE_NOT_SNP && exchanges == 0, "not SNP, or a feature that is not known");
	else if (starting && (!table_good || !c_bit_good))
		PROVE(code == TERMINATE_NO_C_BIT && exchanges == 0, "no C-bit");
	else if (starting && !level_good)
		PROVE(code == TERMINATE_NOT_VMPL0 && exchanges == 0, "not at the highest level");
	else {
		PROVE(code == expected_reason() && !(version_good() && exchanges == 2 && features_good()),
		      "the reason is the host's");
		CANARY("the host's");
	}
	CANARY("ended");
	ASSUME(false);
}

void prove_check_host(void)
{
	check_host();
	PROVE(exchanges == 2 && version_good() && features_good(), "only a host with all that the monitor needs");
	CANARY("a good host");
}

/* ---- the start ---- */

static struct snp_cpuid_page cpuid;
static bool flush_works, flush_offered, flushed, panicked;
static uint32_t c_bit_position, paging_position;
static bool paging;

int cpuid_table_check(const struct snp_cpuid_page *page)
{
	table_good = any_bool();
	return table_good ? 0 : ERR_FORMAT;
}

int cpuid_table_c_bit(const struct snp_cpuid_page *page, uint32_t *position)
{
	PROVE(table_good, "a table that was checked");
	c_bit_good = any_bool();
	if (!c_bit_good)
		return any_bool() ? ERR_NOT_FOUND : ERR_FORMAT;
	*position = c_bit_position = 32u + any_u8() % 32u;
	return 0;
}

int cpuid_table_lookup(const struct snp_cpuid_page *page, uint32_t leaf, uint32_t subleaf, struct cpuid_result *result)
{
	bool found = any_bool();

	PROVE(table_good, "a table that was checked");
	*result = found ? ANY(struct cpuid_result) : (struct cpuid_result){ 0, 0, 0, 0 };
	if (leaf == CPUID_ADDRESS_SIZES_LEAF)
		flush_offered = found && (result->ebx & CPUID_ADDRESS_SIZES_EBX_INVLPGB) != 0;
	return found ? 0 : ERR_NOT_FOUND;
}

void paging_init(uint32_t position)
{
	PROVE(status_good() && c_bit_good, "the page tables are for an SNP guest whose C-bit is known");
	paging = true;
	paging_position = position;
}

void paging_protect_cpu(bool smep, bool smap, bool umip)
{
}

int access_broadcast_flush(uint64_t flags)
{
	PROVE(flags == (INVLPGB_ASID | INVLPGB_GLOBAL), "all translations of this guest");
	flush_works = any_bool();
	flushed = flush_works;
	return flush_works ? 0 : ERR_FAULT;
}

/* ---- RMPADJUST and PVALIDATE ---- */

static bool started_area(void);

static uint64_t adjusted_size, adjusted_attributes[4];
static va_t adjusted_address;
static uint32_t adjusted;
static int result;

static int any_result(void)
{
	int any = any_int();

	ASSUME(any == ERR_FAULT || (any >= 0 && any <= 15) || (any >= 256 && any <= 271));
	return any;
}

int access_rmpadjust(va_t address, uint64_t size, uint64_t attributes)
{
	if (cpu_starts)
		PROVE(started_area(), "the area is filled before it becomes one");
	if (starting) {
		PROVE(paging && address.v == (uint64_t)(uintptr_t)probe_page && size == RMP_PAGE_4K && attributes == 1,
		      "the probe changes nothing that counts");
		result = any_result();
		level_good = result == 0;
		return result;
	}
	PROVE(adjusted < 4 && (adjusted == 0 || (result & ~256) == 0), "an error ends it");
	adjusted_address = address;
	adjusted_size = size;
	adjusted_attributes[adjusted % 4] = attributes;
	adjusted++;
	return result = any_result();
}

int access_pvalidate(va_t address, uint64_t size, uint64_t validate)
{
	adjusted_address = address;
	adjusted_size = size;
	adjusted_attributes[0] = validate;
	adjusted++;
	return result = any_result();
}

/* The meaning of an instruction's answer, as the manual has it; carry does not count. */
static int meaning(int answer)
{
	if (answer < 0)
		return ERR_FAULT;
	answer &= 0xFF;
	return answer == 0   ? 0
	       : answer == 2 ? ERR_PERMISSION
	       : answer == 3 ? ERR_BUSY
	       : answer == 6 ? ERR_SIZE
			     : ERR_INVALID;
}

void prove_validate(void)
{
	va_t address = va(any_u64());
	bool large = any_bool(), accept = any_bool();
	int error = accept ? platform_page_accept(address, large) : platform_page_release(address, large);

	PROVE(adjusted == 1 && adjusted_address.v == address.v && adjusted_size == (large ? 1 : 0) &&
		      adjusted_attributes[0] == (accept ? 1 : 0),
	      "this page, in this size, to this state");
	PROVE((error == 0) == (result == 0), "success only when the hardware has changed the state");
	PROVE(error == (result == 256 ? ERR_UNCHANGED : meaning(result)), "what the hardware says has one meaning");
	if (error == ERR_SIZE)
		CANARY("another size");
	if (error == ERR_UNCHANGED)
		CANARY("unchanged");
	if (error == 0)
		CANARY("done");
}

void prove_label(void)
{
	va_t address = va(any_u64());
	bool large = any_bool();
	uint32_t plane = 1u + any_u8() % 3u;
	uint32_t label = any_u8() % 6u;
	int error = platform_page_label(address, large, plane, (enum platform_label)label);

	PROVE(IMPLIES(label == 5, adjusted == 0 && error == ERR_INVALID), "no such label");
	PROVE(IMPLIES(label < 5, error == meaning(result)), "the hardware's answer, the last one");
	PROVE(IMPLIES(adjusted > 0, adjusted_address.v == address.v && adjusted_size == (large ? 1 : 0)),
	      "this page, in this size");
	PROVE(IMPLIES(error == 0, adjusted == (label == LABEL_NONE ? 4 - plane : 1)),
	      "all levels from the plane on lose it, or this one gets it");
	for (uint32_t i = 0; i < 3; i++)
		PROVE(IMPLIES(label == LABEL_NONE && i < adjusted, adjusted_attributes[i] == plane + i),
		      "no level keeps anything");
	uint64_t got = adjusted_attributes[0];

	PROVE(IMPLIES(adjusted > 0, (got & 0xFF) == plane), "the plane is named");
	PROVE(IMPLIES(label == LABEL_GUEST_RWX, got >> 8 == 0xF), "everything but being a save area");
	PROVE(IMPLIES(label == LABEL_GUEST_READ, got >> 8 == 1), "reading");
	PROVE(IMPLIES(label == LABEL_VMSA, got >> 8 == 0x101), "a save area that can be read");
	PROVE(IMPLIES(label == LABEL_OWN_VMSA, got >> 8 == 0x100), "a save area out of reach");
	if (label == LABEL_NONE && error == 0 && plane == 1)
		CANARY("taken from all");
	if (error != 0 && adjusted == 2)
		CANARY("an error at the second");
}

/* ---- flushing ---- */

void log_panic(uint8_t code, const char *format, ...)
{
	PROVE(code == TERMINATE_HOST_FEATURES && !flush_works, "only when the host has switched it off");
	CANARY("switched off");
	ASSUME(false);
}

void prove_flush(void)
{
	platform_planes_flush();
	PROVE(flushed, "it does not return without all processors having dropped everything");
	CANARY("flushed");
}

void prove_start(void)
{
	starting = true;
	status = any_u64();
	platform_early_init(&cpuid);
	PROVE(status_good() && table_good && c_bit_good && level_good && paging && paging_position == c_bit_position,
	      "only as an SNP guest of known features, with its C-bit, at the highest level");
	PROVE(exchanges == 2 && version_good() && features_good(), "only on a host with all that the monitor needs");
	PROVE(platform_flush_is_global() == (flush_offered && flush_works),
	      "flushing counts when it was offered and worked");
	if (platform_flush_is_global())
		CANARY("with flushing");
	else
		CANARY("without");
}

/* ---- planes and processors ---- */

static struct vmsa area;
static struct percpu cpu;
static struct ghcb the_ghcb;
static struct ghcb_event asked;
static uint32_t events;
static int answer;
static uint64_t copied_bytes;
static bool copy_failed;

struct percpu *percpu_self(void)
{
	return &cpu;
}

/* Only fields of the save area, or none of it when the host took it away. */
int access_copy(void *to, const void *from, uint64_t size)
{
	PROVE(!copy_failed, "a failure ends it");
	PROVE(__CPROVER_r_ok(from, size) && __CPROVER_w_ok(to, size), "what is copied is there");
	copy_failed = any_bool();
	if (copy_failed)
		return ERR_FAULT;
	PROVE(size == 8 || (size == 16 && to == &area.tlb_id), "a field");
	((uint64_t *)to)[0] = ((const uint64_t *)from)[0];
	if (size == 16)
		((uint64_t *)to)[1] = ((const uint64_t *)from)[1];
	return 0;
}

void prove_plane_state(void)
{
	bool enable = any_bool(), flush = any_bool();

	__CPROVER_havoc_object(&area);
	struct vmsa before = area;
	uint64_t wanted = enable ? before.efer | 0x1000 : before.efer & ~0x1000ull;
	int error = enable ? platform_plane_enable(&area, flush) : platform_plane_disable(&area);
	bool flushes = enable && flush;

	PROVE((error == 0) == !copy_failed && (error == 0 || error == ERR_FAULT), "done, or the area is gone");
	PROVE(IMPLIES(error == 0, area.efer == wanted), "it can run, or it cannot");
	PROVE(area.efer == wanted || area.efer == before.efer, "nothing else of EFER");
	PROVE(IMPLIES(error == 0 && flushes, area.tlb_id == 0 && area.pcpu_id == 0), "its translations are dropped");
	PROVE(IMPLIES(!flushes, area.tlb_id == before.tlb_id && area.pcpu_id == before.pcpu_id), "only when that is wanted");
	PROVE(IMPLIES(area.efer != before.efer && flushes, area.tlb_id == 0), "before it can run");
	PROVE(area.vmpl == before.vmpl && area.rip == before.rip && area.cr3 == before.cr3 && area.sev_features == before.sev_features &&
		      area.exit_code == before.exit_code && area.event_inj == before.event_inj, "nothing else");
	if (error == 0 && flushes)
		CANARY("enabled, with a flush");
	if (error == 0 && !enable)
		CANARY("disabled");
	if (error != 0)
		CANARY("gone");
}

int ghcb_call(const struct ghcb_event *event, uint64_t *info_2)
{
	PROVE(info_2 == NULL, "no result is wanted");
	if (cpu_starts)
		PROVE(adjusted == 1 && (result & ~256) == 0, "the page is a save area before the host gets it");
	asked = *event;
	events++;
	return answer = any_bool() ? 0 : ERR_HOST;
}

/* The event that names a save area: APIC ID, level and how it is started in the first field. */
static bool names_area(uint64_t apic_id, uint64_t plane, uint64_t how, uint64_t at)
{
	return events == 1 && asked.exit_code == 0x80000013 && asked.info_1 == (apic_id << 32 | plane << 16 | how) && asked.info_2 == at &&
	       asked.has_rax && asked.scratch == 0 && !asked.has_msr && !asked.has_rbx;
}

void prove_register(void)
{
	uint32_t apic_id = any_u32(), plane = 1u + any_u8() % 3u;
	uint64_t at = any_u64();

	sev_status = any_u64();
	int error = platform_plane_register(apic_id, plane, gpa(at));

	PROVE(error == answer && names_area(apic_id, plane, 0, at), "the host's answer");
	PROVE(asked.rax == platform_guest_features(), "with the features that the guest's areas have");
	/* Of SEV_FEATURES: bit 3 restricted injection, bit 5 debug swap. */
	PROVE(platform_guest_features() == (sev_status >> 2 & ~0x28ull), "the monitor's, but what is for the monitor alone");
	CANARY("asked");
}

void prove_run_plane(void)
{
	run_plane = 1u + any_u8() % 3u;
	int error = platform_plane_run(run_plane);

	PROVE(exchanges == 1, "asked once");
	PROVE((error == 0) == (run_answer == 0x17), "the plane has run");
	PROVE((error == ERR_STATE) == (run_answer == (0x17 | 0x5253455400000000)), "the host wants a reset");
	PROVE(error == 0 || error == ERR_STATE || error == ERR_HOST, "everything else is a refusal");
	platform_idle();
	PROVE(halts == 1 && exchanges == 1, "without anything to do a processor halts");
	if (error == ERR_HOST)
		CANARY("refused");
	if (error == ERR_STATE)
		CANARY("a reset");
}

static void entry_of_test(struct percpu *its)
{
	PROVE(false, "nobody calls it here");
}

static uint64_t page_at, stack_at;

void *paging_region_pointer(pa_t address)
{
	PROVE(address.v == page_at, "the page that was given");
	return cpu_starts ? (void *)&area : (void *)&the_ghcb;
}

static uint32_t zeroings;

static void *zero(void *destination, int byte, size_t size)
{
	PROVE(byte == 0 && zeroings == 0, "zeroed once");
	zeroings++;
	if (cpu_starts) {
		PROVE(destination == &area && size == sizeof(area), "the save area, all of it");
		area = (struct vmsa){ .rip = 0 };
	} else {
		PROVE(destination == &the_ghcb && size == PAGE_SIZE, "all of the page");
	}
	return destination;
}

static bool started_area(void)
{
	return zeroings == 1 && area.efer == (own_efer | 0x1000) && area.cr0 == cr0 && area.cr3 == cr3 && area.cr4 == cr4 && area.vmpl == 0 &&
	       area.rip == (uint64_t)(uintptr_t)entry_of_test && area.rsp == stack_at - 8 && area.rdi == (uint64_t)(uintptr_t)&cpu &&
	       area.rflags == 2 && area.sev_features == sev_status >> 2 && area.event_inj == 0 && area.xcr0 == 1 && area.cpl == 0 &&
	       area.cs.selector == 8 && area.cs.attrib == 0xA9B && area.ss.selector == 0x10;
}

void prove_cpu_start(void)
{
	cpu_starts = true;
	__CPROVER_havoc_object(&area);
	own_efer = any_u64();
	cr0 = any_u64();
	cr3 = any_u64();
	cr4 = any_u64();
	sev_status = any_u64();
	paging_region_gpa = any_u64();
	page_at = any_u64();
	stack_at = any_u64();
	ASSUME(paging_region_gpa <= page_at && page_at - paging_region_gpa < MONITOR_SIZE && stack_at >= PAGE_SIZE);
	cpu.apic_id = any_u32();
	int error = platform_cpu_start(&cpu, pa(page_at), va(stack_at), entry_of_test);

	PROVE(adjusted == 1 && adjusted_address.v == paging_region_va(pa(page_at)).v && adjusted_size == 0 && adjusted_attributes[0] == (0x10000 | 1),
	      "the page is a save area, and no lower level can reach it");
	PROVE((error == 0) == (events == 1 && answer == 0), "an error of the hardware's or of the host's, or none");
	PROVE(started_area(), "it starts at this entry, at the highest level, with the registers of this processor");
	if (events == 0) {
		CANARY("the hardware refuses");
		return;
	}
	PROVE(names_area(cpu.apic_id, 0, 1, page_at) && asked.rax == sev_status >> 2, "the host starts this one at the monitor's level");
	if (error == 0)
		CANARY("started");
}

static bool change_failed, is_shared, register_failed;
static uint32_t steps;

int ghcb_page_state_change_early(uint64_t at, uint64_t operation)
{
	PROVE(steps++ == 0 && at == page_at && operation == PSC_OP_SHARED, "first the host shares the page");
	change_failed = any_bool();
	return change_failed ? ERR_HOST : 0;
}

void paging_region_set_shared(va_t address, bool shared)
{
	PROVE(steps++ == 1 && !change_failed && address.v == paging_region_va(pa(page_at)).v && shared, "then it is mapped as such");
	is_shared = true;
}

int ghcb_register(uint64_t at)
{
	PROVE(steps++ == 2 && is_shared && zeroings == 1 && at == page_at, "then it is zeroed, and the host told of it");
	register_failed = any_bool();
	return register_failed ? ERR_HOST : 0;
}

void prove_cpu_init(void)
{
	paging_region_gpa = any_u64();
	page_at = any_u64();
	ASSUME(paging_region_gpa <= page_at && page_at - paging_region_gpa < MONITOR_SIZE);
	cpu.ghcb = NULL;
	int error = platform_cpu_init(&cpu, pa(page_at));

	PROVE(error == (change_failed || register_failed ? ERR_HOST : 0), "the host's answers");
	PROVE((error == 0) == (cpu.ghcb == &the_ghcb && steps == 3), "the channel is open, or it is not");
	PROVE(IMPLIES(error == 0, cpu.ghcb_gpa == page_at) && IMPLIES(error != 0, cpu.ghcb == NULL), "and is this page");
	if (error == 0)
		CANARY("open");
	if (register_failed)
		CANARY("refused");
}

static uint64_t carried[4], detail;
static uint64_t changed_start, changed_size, changed_to;
static const char *written;
static uint64_t written_length;

int ghcb_page_state_change(uint64_t start, uint64_t size, uint64_t operation)
{
	changed_start = start;
	changed_size = size;
	changed_to = operation;
	return answer = any_int();
}

int ghcb_guest_request(uint64_t request, uint64_t response, uint64_t data, uint64_t pages, uint64_t *out)
{
	PROVE(out == &detail, "the host's words come back");
	carried[0] = request;
	carried[1] = response;
	carried[2] = data;
	carried[3] = pages;
	return answer = any_int();
}

void ghcb_port_write(uint16_t port, const char *text, size_t length)
{
	PROVE(port == 0x3F8 && cpu.ghcb != NULL, "through the channel");
	written = text;
	written_length = length;
}

void prove_passed_on(void)
{
	static const char text[] = "text";
	struct platform_message message = { gpa(any_u64()), gpa(any_u64()), gpa(any_u64()), any_u32() };
	uint64_t start = any_u64(), size = any_u64();
	bool to_private = any_bool();
	int error = to_private ? platform_host_make_private(gpa(start), size) : platform_host_make_shared(gpa(start), size);

	/* Operations of page state changes: 1 private, 2 shared. */
	PROVE(error == answer && changed_start == start && changed_size == size && changed_to == (to_private ? 1 : 2), "this memory, to this state");
	error = platform_message_carry(&message, &detail);
	PROVE(error == answer && carried[0] == message.request.v && carried[1] == message.response.v && carried[2] == message.certificates.v &&
		      carried[3] == message.certificate_pages, "each page for what it is");
	cpu.ghcb = any_bool() ? &the_ghcb : NULL;
	platform_console_write(0x3F8, text, 4);
	PROVE((written == text && written_length == 4) == (cpu.ghcb != NULL), "text goes out once there is a channel");
	CANARY("passed on");
}
