/* SPDX-License-Identifier: MIT */
#include "tests/mock/nutshell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nutshell/asm.h"
#include "nutshell/host/fw_cfg.h"

#define LOW_SIZE MOCK_LOW_END
#define HIGH_SIZE (MOCK_HIGH_END - MOCK_HIGH_START)
#define PAGES ((LOW_SIZE + HIGH_SIZE) / PAGE_SIZE + 1u)
#define LEGACY_START 0xA0000ull
#define LEGACY_END 0xC0000ull
#define DEVICES_START 0xB0000000ull
#define PHYSICAL_END (1ull << 39)

struct vcpu machine_vcpu[MACHINE_VCPU_MAX];
uint32_t machine_vcpu_count;

uint64_t mock_low_end = MOCK_LOW_END;
bool mock_trespass;
uint8_t mock_device[PAGE_SIZE] __attribute__((aligned(4096)));
uint64_t mock_device_accesses;
uint64_t mock_vmsa_in_use;
uint64_t mock_tsc;
uint32_t mock_out_count, mock_out_value, mock_in_value, mock_injected, mock_interrupt, mock_switched_to;
uint32_t mock_port_value[65536];
uint32_t (*mock_pci)[64];
uint64_t mock_deadline, mock_watched = ~0ull;
uint16_t mock_out_port;
int mock_switch_result;
bool mock_armed;
jmp_buf mock_stop_place;
unsigned mock_stop_status;
char mock_stop_text[300], mock_log_text[300];

static uint8_t ram[PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t nowhere[PAGE_SIZE] __attribute__((aligned(4096)));
static bool touched[PAGES]; /* since mock_reset(): pages that it has to fill again */
static struct rmp_entry table[PAGES];

/* ---- memory ---- */

static uint64_t page_index(uint64_t address)
{
	if (align_down(address, PAGE_SIZE) == MOCK_LAUNCH_VMSA)
		return PAGES - 1u;
	if (address >= LEGACY_START && address < LEGACY_END)
		return ~0ull;
	if (address < LOW_SIZE)
		return address / PAGE_SIZE;
	if (address >= MOCK_HIGH_START && address < MOCK_HIGH_END)
		return (LOW_SIZE + address - MOCK_HIGH_START) / PAGE_SIZE;
	return ~0ull;
}

uint8_t *mock_ram(uint64_t gpa)
{
	uint64_t index = page_index(gpa);

	if (index == ~0ull)
		abort();
	touched[index] = true;
	return ram + index * PAGE_SIZE + (gpa & PAGE_MASK);
}

struct rmp_entry *mock_rmp(uint64_t gpa)
{
	uint64_t index = page_index(gpa);

	return index == ~0ull ? NULL : &table[index];
}

void mock_give(uint64_t gpa)
{
	struct rmp_entry *entry = mock_rmp(gpa);

	entry->assigned = 1;
	entry->validated = 1;
}

static bool is_legacy_device(uint64_t spa)
{
	return spa >= LEGACY_START && spa < LEGACY_END;
}

void *phys_to_virt(uint64_t spa)
{
	bool device = is_legacy_device(spa) || (spa >= DEVICES_START && spa < MOCK_HIGH_START) ||
		      (spa >= MOCK_HIGH_END && spa < PHYSICAL_END);

	if (page_index(spa) != ~0ull && spa < PHYSICAL_END)
		return mock_ram(spa);
	if (device) {
		mock_device_accesses++;
		return mock_device + (spa & PAGE_MASK);
	}
	mock_trespass = true;
	return nowhere + (spa & PAGE_MASK & ~7ull);
}

uint64_t machine_low_ram_end(void)
{
	return mock_low_end;
}

uint64_t machine_low_devices_start(void)
{
	return DEVICES_START;
}

uint64_t machine_high_ram_end(void)
{
	return MOCK_HIGH_END;
}

bool machine_is_ram(uint64_t gpa, uint64_t size)
{
	if (gpa == MOCK_LAUNCH_VMSA)
		return size == PAGE_SIZE;
	if (range_within(gpa, size, LEGACY_START, LEGACY_END))
		return false;
	return range_within(gpa, size, 0, mock_low_end) || range_within(gpa, size, MOCK_HIGH_START, MOCK_HIGH_END);
}

void *machine_ram_page(uint64_t gpa)
{
	return page_index(gpa) == ~0ull ? NULL : mock_ram(align_down(gpa, PAGE_SIZE));
}

void machine_back_page(uint64_t gpa)
{
	(void)gpa;
}

uint64_t machine_shared_spa(uint64_t gpa)
{
	return gpa;
}

/* Nutshell frees nothing: what it has forgotten is not lost. */
void *machine_alloc_pages(uint64_t count)
{
	static void *kept[64];
	static uint32_t next;

	kept[next % ARRAY_SIZE(kept)] = calloc(count, PAGE_SIZE);
	return kept[next++ % ARRAY_SIZE(kept)];
}

/* ---- reverse map ---- */

const struct rmp_entry *rmp_lookup(uint64_t gpa)
{
	return mock_rmp(gpa);
}

int rmp_psmash(uint64_t gpa)
{
	struct rmp_entry *entry = mock_rmp(gpa);

	if (entry == NULL)
		return ERR_ADDRESS;
	if (entry->size_2m == 0)
		return 0;
	for (uint64_t at = align_down(gpa, PAGE_SIZE_2M), i = 0; i < PAGES_PER_2M; i++)
		mock_rmp(at + i * PAGE_SIZE)->size_2m = 0;
	return 0;
}

int rmp_update(uint64_t gpa, bool size_2m, bool assigned)
{
	uint64_t size = size_2m ? PAGE_SIZE_2M : PAGE_SIZE;

	gpa = align_down(gpa, size);
	for (uint64_t at = gpa; at < gpa + size; at += PAGE_SIZE) {
		if (mock_rmp(at) == NULL)
			return ERR_ADDRESS;
		if (mock_vmsa_in_use != 0 && at == mock_vmsa_in_use)
			return ERR_STATE;
	}
	if (!size_2m)
		(void)rmp_psmash(gpa);
	for (uint64_t at = gpa; at < gpa + size; at += PAGE_SIZE) {
		struct rmp_entry *entry = mock_rmp(at);

		if ((entry->assigned != 0) != assigned)
			memset(mock_ram(at), 0x5C, PAGE_SIZE);
		*entry = (struct rmp_entry){ .assigned = assigned, .size_2m = size_2m && assigned, .perms = { 0xF } };
	}
	return 0;
}

int rmp_launch_page(uint64_t gpa, bool vmsa)
{
	struct rmp_entry *entry = mock_rmp(gpa);

	if (entry == NULL)
		return ERR_ADDRESS;
	*entry = (struct rmp_entry){ .assigned = 1, .validated = 1, .vmsa = vmsa, .perms = { 0xF } };
	return 0;
}

/* ---- vCPUs ---- */

int vcpu_switch(struct vcpu *vcpu, uint32_t vmpl, uint64_t exit_code)
{
	(void)exit_code;
	mock_switched_to = vmpl;
	if (mock_switch_result == 0)
		vcpu->vmpl = vmpl;
	return mock_switch_result;
}

int vcpu_request_start(struct vcpu *vcpu, struct vcpu *target, uint32_t vmpl)
{
	(void)vcpu;
	(void)target;
	(void)vmpl;
	return mock_switch_result;
}

void vcpu_request_stop(struct vcpu *vcpu, struct vcpu *target, uint32_t vmpl)
{
	(void)vcpu;
	(void)target;
	(void)vmpl;
}

bool machine_reset_pending;

void vcpu_reset_guest(struct vcpu *vcpu, uint64_t answer)
{
	(void)answer;
	mock_switched_to = 0;
	vcpu->vmpl = 0;
}

void vcpu_inject(struct vcpu *vcpu, uint8_t vector, bool has_error, uint32_t error)
{
	(void)vcpu;
	(void)has_error;
	(void)error;
	mock_injected = vector;
}

void vcpu_set_timer(struct vcpu *vcpu, uint64_t deadline)
{
	(void)vcpu;
	mock_deadline = deadline;
}

void vcpu_set_interrupt(struct vcpu *vcpu, uint8_t vector)
{
	(void)vcpu;
	mock_interrupt = vector;
}

uint64_t machine_ticks_per_ms(void)
{
	return 2000000;
}

const uint8_t *machine_user_memory(uint32_t space, uint64_t address)
{
	return space == 0 && address < MOCK_LOW_END ? mock_ram(address) : NULL;
}

void machine_watch(uint64_t gpa)
{
	mock_watched = gpa;
}

bool vcpu_is_user(const struct vcpu *vcpu)
{
	return vcpu->vmpl == 0;
}

uint64_t vcpu_rip(const struct vcpu *vcpu)
{
	(void)vcpu;
	return 0x1234;
}

/* ---- certificates ---- */

uint8_t mock_certificates[3 * PAGE_SIZE];
uint64_t mock_certificates_size;

const uint8_t *host_certificates(uint64_t *size)
{
	*size = mock_certificates_size;
	return mock_certificates;
}

/* ---- log and end ---- */

void machine_log(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(mock_log_text, sizeof(mock_log_text), format, arguments);
	va_end(arguments);
}

void machine_trace(const char *format, ...)
{
	(void)format;
}

void machine_stop(unsigned status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(mock_stop_text, sizeof(mock_stop_text), format, arguments);
	va_end(arguments);
	mock_stop_status = status;
	if (!mock_armed) {
		fprintf(stderr, "unexpected end of the machine: %s\n", mock_stop_text);
		abort();
	}
	mock_armed = false;
	longjmp(mock_stop_place, 1);
}

void machine_power_off(void)
{
	machine_stop(STOP_POWER_OFF, "power off");
}

/* ---- QEMU's fw_cfg ---- */

#define FW_CFG_PROCESSORS 0x05u
#define FW_CFG_DIRECTORY 0x19u
#define FW_CFG_ENTRY 64u
#define FW_CFG_READ 2u

const struct mock_file *mock_files;
uint32_t mock_file_count;
static uint32_t fw_cfg_key, fw_cfg_offset;
static uint64_t fw_cfg_dma;

static uint8_t directory_byte(uint32_t offset)
{
	uint8_t entry[FW_CFG_ENTRY] = { 0 };
	uint32_t index = offset < 4 ? 0 : (offset - 4) / FW_CFG_ENTRY;

	if (offset < 4)
		return (uint8_t)(mock_file_count >> 8u * (3u - offset));
	if (index >= mock_file_count)
		return 0;
	for (uint32_t i = 0; i < 4; i++)
		entry[i] = (uint8_t)(mock_files[index].size >> 8u * (3u - i));
	entry[5] = (uint8_t)(MOCK_FILE_KEY + index);
	snprintf((char *)entry + 8, FW_CFG_ENTRY - 8, "%s", mock_files[index].name);
	return entry[(offset - 4) % FW_CFG_ENTRY];
}

static uint8_t fw_cfg_byte(void)
{
	uint32_t index = fw_cfg_key - MOCK_FILE_KEY, offset = fw_cfg_offset++;

	if (fw_cfg_key == FW_CFG_PROCESSORS)
		return offset == 0 ? (uint8_t)machine_vcpu_count : 0;
	if (fw_cfg_key == FW_CFG_DIRECTORY)
		return directory_byte(offset);
	if (fw_cfg_key < MOCK_FILE_KEY || index >= mock_file_count || offset >= mock_files[index].size)
		return 0;
	return ((const uint8_t *)mock_files[index].data)[offset];
}

static uint64_t big_endian(const uint8_t *from, uint32_t size)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < size; i++)
		value = value << 8 | from[i];
	return value;
}

/* Addresses are distances from phys_to_virt(0). */
static void fw_cfg_run(uint64_t request)
{
	uint8_t *base = mock_ram(0), *at = (uint8_t *)((uintptr_t)base + request);
	uint8_t *to = (uint8_t *)((uintptr_t)base + big_endian(at + 8, 8));
	uint64_t length = big_endian(at + 4, 4);

	if ((at[3] & FW_CFG_READ) == 0)
		fw_cfg_offset += (uint32_t)length;
	else
		for (uint64_t i = 0; i < length; i++)
			to[i] = fw_cfg_byte();
	memset(at, 0, 4);
}

/* True when the port is fw_cfg's. */
static bool fw_cfg_out(uint16_t port, uint32_t value)
{
	if (port == FW_CFG_PORT_SELECT) {
		fw_cfg_key = value;
		fw_cfg_offset = 0;
	} else if (port == FW_CFG_PORT_DMA) {
		fw_cfg_dma = (uint64_t)__builtin_bswap32(value) << 32;
	} else if (port == FW_CFG_PORT_DMA_LOW) {
		fw_cfg_run(fw_cfg_dma | __builtin_bswap32(value));
	} else {
		return false;
	}
	return true;
}

/* ---- instructions ---- */

static void out(uint16_t port, uint32_t value)
{
	mock_out_count++;
	mock_out_port = port;
	mock_out_value = value;
	mock_port_value[port] = value;
}

#define PCI_ADDRESS 0xCF8u
#define PCI_DATA 0xCFCu

/* The register that was chosen last; NULL: of no device. */
static uint32_t *pci_register(void)
{
	uint32_t chosen = mock_port_value[PCI_ADDRESS], function = chosen >> 8 & 0xFFFFu;

	if ((chosen >> 31) == 0 || (function != 0 && function != MOCK_PCI_SECOND))
		return NULL;
	return &mock_pci[function != 0][(chosen & 0xFCu) / 4u];
}

void asm_out8(uint16_t port, uint8_t value)
{
	out(port, value);
}

void asm_out16(uint16_t port, uint16_t value)
{
	if (!fw_cfg_out(port, value))
		out(port, value);
}

void asm_out32(uint16_t port, uint32_t value)
{
	if (port == PCI_DATA && mock_pci != NULL && pci_register() != NULL)
		*pci_register() = value;
	if (!fw_cfg_out(port, value))
		out(port, value);
}

uint8_t asm_in8(uint16_t port)
{
	return port == FW_CFG_PORT_DATA ? fw_cfg_byte() : (uint8_t)mock_in_value;
}

uint16_t asm_in16(uint16_t port)
{
	(void)port;
	return (uint16_t)mock_in_value;
}

uint32_t asm_in32(uint16_t port)
{
	if (port == PCI_DATA && mock_pci != NULL)
		return pci_register() != NULL ? *pci_register() : ~0u;
	return mock_in_value;
}

uint64_t asm_read_msr(uint32_t msr)
{
	return 0x1122334400000000ull | msr;
}

void asm_write_msr(uint32_t msr, uint64_t value)
{
	(void)value;
	out((uint16_t)msr, (uint32_t)value);
}

/* A processor with everything; 52 address bits. */
void asm_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t answer[4])
{
	answer[0] = leaf == 0x80000008u ? 0x3034u : ~0u;
	answer[1] = leaf == 1 ? 0x00040800u : ~0u;
	answer[2] = ~0u;
	answer[3] = leaf == 0xB ? subleaf : ~0u;
}

uint64_t asm_read_tsc(void)
{
	return mock_tsc += 1000;
}

/* ---- driving ---- */

static void start_machine(void)
{
	memset(machine_vcpu, 0, sizeof(machine_vcpu));
	machine_reset_pending = false;
	machine_vcpu_count = 2;
	for (uint32_t i = 0; i < MACHINE_VCPU_MAX; i++) {
		machine_vcpu[i].index = i;
		machine_vcpu[i].apic_id = i;
		for (uint32_t vmpl = 0; vmpl < SNP_VMPL_COUNT; vmpl++)
			machine_vcpu[i].level[vmpl].ghcb_registered = ~0ull;
	}
	machine_vcpu[0].online = true;
	machine_vcpu[0].vmpl = MOCK_VMPL;
	machine_vcpu[0].level[MOCK_VMPL].ghcb_registered = MOCK_GHCB;
	options.c_bit = 47;
}

static void fill_ram(void)
{
	static bool filled;

	for (uint64_t i = 0; i < PAGES; i++) {
		if (!filled || touched[i])
			memset(ram + i * PAGE_SIZE, 0xA5, PAGE_SIZE);
		touched[i] = false;
	}
	filled = true;
}

void mock_restart(void)
{
	fill_ram();
	memset(table, 0, sizeof(table));
	for (uint64_t i = 0; i < PAGES; i++)
		table[i].perms[0] = 0xF;
	memset(mock_device, 0xD0, sizeof(mock_device));
	memset(mock_ram(MOCK_GHCB), 0, PAGE_SIZE);
	mock_low_end = MOCK_LOW_END;
	mock_trespass = false;
	mock_device_accesses = 0;
	mock_vmsa_in_use = 0;
	mock_out_count = 0;
	mock_in_value = 0x04030201;
	mock_injected = ~0u;
	mock_switch_result = 0;
	mock_switched_to = ~0u;
	mock_armed = false;
	mock_tsc = 0;
	memset(host_probe_armed, 0, sizeof(host_probe_armed));
	start_machine();
	fw_cfg_init();
}

void mock_reset(void)
{
	mock_restart();
	psp_launch_start(SNP_POLICY_SMT | SNP_POLICY_MUST_BE_ONE);
}

static size_t valid_bit(const uint64_t *field)
{
	return (size_t)((const uint8_t *)field - (const uint8_t *)mock_ghcb()) / 8u;
}

void mock_set(uint64_t *field, uint64_t value)
{
	size_t bit = valid_bit(field);

	*field = value;
	mock_ghcb()->valid_bitmap[bit / 8u] = (uint8_t)(mock_ghcb()->valid_bitmap[bit / 8u] | 1u << (bit % 8u));
}

bool mock_is_valid(const uint64_t *field)
{
	size_t bit = valid_bit(field);

	return ((uint32_t)mock_ghcb()->valid_bitmap[bit / 8u] >> (bit % 8u) & 1u) != 0;
}

bool mock_event(uint64_t code, uint64_t info_1, uint64_t info_2)
{
	MOCK_SET(sw_exit_code, code);
	MOCK_SET(sw_exit_info_1, info_1);
	MOCK_SET(sw_exit_info_2, info_2);
	machine_vcpu[0].level[MOCK_VMPL].ghcb_msr = MOCK_GHCB;
	if (MOCK_STOPS())
		return false;
	host_vmgexit(&machine_vcpu[0]);
	mock_armed = false;
	return true;
}
