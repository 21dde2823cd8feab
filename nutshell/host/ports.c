/* SPDX-License-Identifier: MIT */
/*
 * Port I/O goes to QEMU's devices, but for: Nutshell's own ports, fw_cfg (fw_cfg.h), the memory size that CMOS reports,
 * power-off and reset, and the test device (abi/nutshell.h).
 */
#include "abi/nutshell.h"
#include "lib/string.h"
#include "nutshell/asm.h"
#include "nutshell/host/attack.h"
#include "nutshell/host/fw_cfg.h"
#include "nutshell/host/host.h"

#define PORT_DEBUG_CONSOLE 0xE9u
#define PORT_CMOS_INDEX 0x70u
#define PORT_CMOS_DATA 0x71u
#define PORT_PM1_CONTROL 0x604u
#define PM1_SLEEP_ENABLE 0x2000u
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_TYPE_MASK 7u
#define PM1_SLEEP_S5 0u
#define PORT_RESET 0xCF9u
#define PORT_KEYBOARD 0x64u
#define KEYBOARD_RESET 0xFEu
#define PORT_92 0x92u
#define PORT_92_RESET 1u
#define CMOS_LOW_16M 0x34u
#define CMOS_HIGH_4G 0x5Bu
#define FOUR_GIB 0x100000000ull
#define EXIT_STATUS_BASE 64u

static uint8_t cmos_index;
static uint64_t query_gpa;

uint32_t ports_processor_count(void)
{
	uint32_t count = fw_cfg_processor_count();

	if (count == 0 || count > MACHINE_VCPU_MAX)
		machine_stop(STOP_LAUNCH, "QEMU has %u processors; Nutshell supports 1 to %u (-smp)", count,
			     MACHINE_VCPU_MAX);
	return count;
}

void ports_init(void)
{
	fw_cfg_init();
}

void ports_reset(void)
{
	fw_cfg_init();
	cmos_index = 0;
}

static uint8_t cmos_read(void)
{
	uint64_t above_16m = (machine_low_ram_end() - (16ull << 20)) >> 16;

	if (cmos_index == CMOS_LOW_16M)
		return (uint8_t)above_16m;
	if (cmos_index == CMOS_LOW_16M + 1u)
		return (uint8_t)(above_16m >> 8);
	if (cmos_index >= CMOS_HIGH_4G && cmos_index < CMOS_HIGH_4G + 3u)
		return (uint8_t)((machine_high_ram_end() - FOUR_GIB) >> 16 >> (8u * (cmos_index - CMOS_HIGH_4G)));
	return asm_in8(PORT_CMOS_DATA);
}

static uint32_t rmp_word(uint64_t gpa)
{
	const struct rmp_entry *entry = rmp_lookup(gpa);
	uint32_t word;

	if (entry == NULL)
		return 0;
	word = NUTSHELL_RMP_RAM | (entry->assigned != 0 ? NUTSHELL_RMP_ASSIGNED : 0) |
	       (entry->validated != 0 ? NUTSHELL_RMP_VALIDATED : 0) | (entry->vmsa != 0 ? NUTSHELL_RMP_VMSA : 0) |
	       (entry->size_2m != 0 ? NUTSHELL_RMP_2M : 0);
	for (uint32_t vmpl = 1; vmpl < SNP_VMPL_COUNT; vmpl++)
		word |= (uint32_t)entry->perms[vmpl] << NUTSHELL_RMP_PERM_SHIFT(vmpl);
	return word;
}

static bool is_test_device(uint16_t port)
{
	return port >= NUTSHELL_PORT_ID && port < NUTSHELL_PORT_END;
}

static uint32_t test_device_read(const struct vcpu *vcpu, uint16_t port)
{
	switch (port) {
	case NUTSHELL_PORT_ID:
		return NUTSHELL_ID;
	case NUTSHELL_PORT_RMP:
		return rmp_word(query_gpa);
	case NUTSHELL_PORT_PROBE:
		return host_probe_armed[vcpu->vmpl];
	case NUTSHELL_PORT_EXITS_ALL:
		return stats_exits_total();
	case NUTSHELL_PORT_SWITCHES:
		return stats_switches();
	case NUTSHELL_PORT_EXITS_VMPL0:
		return stats_exits_of(0);
	case NUTSHELL_PORT_PARAMETER:
		return options.parameter;
	case NUTSHELL_PORT_RESETS:
		return host_resets();
	default:
		return ~0u;
	}
}

static void test_device_write(struct vcpu *vcpu, uint16_t port, uint32_t value)
{
	switch (port) {
	case NUTSHELL_PORT_GPA_LOW:
		query_gpa = (query_gpa & ~0xFFFFFFFFull) | value;
		break;
	case NUTSHELL_PORT_GPA_HIGH:
		query_gpa = (uint32_t)query_gpa | (uint64_t)value << 32;
		break;
	case NUTSHELL_PORT_PROBE:
		host_probe_armed[vcpu->vmpl] = (value & 1u) != 0;
		break;
	case NUTSHELL_PORT_MARK:
		attack_at_mark(vcpu, value, query_gpa);
		break;
	case NUTSHELL_PORT_EXIT:
		machine_stop(EXIT_STATUS_BASE + (value & 0x3Fu), "VMPL%u ended the machine with status %u", vcpu->vmpl,
			     value & 0x3Fu);
	default:
		break;
	}
}

/* Nutshell's own ports, and QEMU's DMA register; QEMU would cut a wide access that begins before them into pieces that reach them. */
static bool is_hidden(uint16_t port, uint32_t size)
{
	static const struct {
		uint32_t first, count;
	} hidden[] = { { PORT_DEBUG_CONSOLE, 1 }, { NUTSHELL_DEBUG_EXIT_PORT, 1 }, { FW_CFG_PORT_DMA, 8 } };

	for (uint32_t i = 0; i < ARRAY_SIZE(hidden); i++) {
		if (ranges_overlap(port, size, hidden[i].first, hidden[i].count))
			return true;
	}
	return false;
}

uint32_t port_read(struct vcpu *vcpu, uint16_t port, uint32_t size)
{
	if (is_test_device(port))
		return test_device_read(vcpu, port);
	if ((port == FW_CFG_PORT_DMA || port == FW_CFG_PORT_DMA_LOW) && size == 4)
		return asm_in32(port); /* a signature */
	if (is_hidden(port, size))
		return ~0u;
	switch (port) {
	case FW_CFG_PORT_DATA:
		return fw_cfg_read();
	case PORT_CMOS_DATA:
		return cmos_read();
	default:
		break;
	}
	switch (size) {
	case 1:
		return asm_in8(port);
	case 2:
		return asm_in16(port);
	default:
		return asm_in32(port);
	}
}

/* Sleeping with the contents of memory kept is not for this machine: it is said once, and nothing happens. */
static void sleep_state(struct vcpu *vcpu, uint32_t value)
{
	uint32_t type = value >> PM1_SLEEP_TYPE_SHIFT & PM1_SLEEP_TYPE_MASK;

	if (type == PM1_SLEEP_S5)
		machine_power_off();
	machine_log("VMPL%u asks for sleep state type %u, which is refused: only power-off is known", vcpu->vmpl, type);
}

/* True: it was a request about the machine as a whole, and has been dealt with. */
static bool machine_request(struct vcpu *vcpu, uint16_t port, uint32_t size, uint32_t value)
{
	if (port == PORT_PM1_CONTROL && size >= 2 && (value & PM1_SLEEP_ENABLE) != 0)
		sleep_state(vcpu, value);
	else if (port == PORT_RESET && (value & 4u) != 0)
		host_reset(vcpu, "port 0xCF9");
	else if (port == PORT_KEYBOARD && (value & 0xFFu) == KEYBOARD_RESET)
		host_reset(vcpu, "keyboard controller");
	else if (port == PORT_92 && (value & PORT_92_RESET) != 0)
		host_reset(vcpu, "port 0x92");
	else
		return false;
	return true;
}

void port_write(struct vcpu *vcpu, uint16_t port, uint32_t size, uint32_t value)
{
	if (is_test_device(port)) {
		test_device_write(vcpu, port, value);
		return;
	}
	if (machine_request(vcpu, port, size, value))
		return;
	if ((port == FW_CFG_PORT_DMA || port == FW_CFG_PORT_DMA_LOW) && size == 4) {
		fw_cfg_dma_write(port, value);
		return;
	}
	if (is_hidden(port, size))
		return;
	switch (port) {
	case FW_CFG_PORT_SELECT:
		fw_cfg_select((uint16_t)value);
		return;
	case PORT_CMOS_INDEX:
		cmos_index = value & 0x7Fu;
		break;
	default:
		break;
	}
	if (size == 1)
		asm_out8(port, (uint8_t)value);
	else if (size == 2)
		asm_out16(port, (uint16_t)value);
	else
		asm_out32(port, value);
}
