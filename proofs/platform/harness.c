/* SPDX-License-Identifier: MIT */
/*
 * SEV-SNP's instructions and what the host says of itself. The instructions and exchanges answer anything; what is proved is
 * what the monitor makes of it.
 */
#include "proofs/prover.h"

#define KERNEL_X86_CPU_H
#include "lib/types.h"
static inline uint64_t cpu_read_msr(uint32_t msr);
static inline uint64_t cpu_read_cr0(void)
{
	return any_u64();
}
static inline uint64_t cpu_read_cr3(void)
{
	return any_u64();
}
static inline uint64_t cpu_read_cr4(void)
{
	return any_u64();
}
static inline void cpu_halt(void)
{
}

#include "kernel/platform/snp/snp.c"

uint64_t paging_c_bit, paging_region_gpa;

static bool ended; /* the VM: nothing is done behind this */
static uint8_t reason;

static uint64_t status;
static inline uint64_t cpu_read_msr(uint32_t msr)
{
	PROVE(msr == MSR_SEV_STATUS, "the status of this level");
	return status;
}

/* ---- the host ---- */

static uint64_t info, features;
static uint32_t exchanges;

uint64_t ghcb_msr_call(uint64_t request)
{
	exchanges++;
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
