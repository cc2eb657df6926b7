/**
 * What EL2 knows of the machine without asking the host: its own device tree or vendor module (S3:81, B10, B11).
 * It never changes, so it is no state: which SMMU and StreamIDs each device has, and which clients of the memory
 * controller are its ports to memory.
 */
import {
  enumOf,
  index,
  record,
  set,
  type EnumSort,
  type Index,
  type IndexSort,
  type ValueOf,
} from '../language/index.js';
import type { Device, Parts, Smmu } from './parts.js';

export type Client = Index<'client'>;
/** Every StreamID that a scenario may name. NVIDIA's boot code lets 0x7F pass through the SMMU untranslated. */
export type TegraSid = '0x00' | '0x01' | '0x09' | '0x7F';
export const passThrough: TegraSid = '0x7F';

/** One device as a scenario describes it. */
export interface DeviceInTruth {
  readonly sids: readonly TegraSid[];
  /** A host1x engine picks one of its own SIDs per job, and hardware holds it to them. Other engines may present any SID. */
  readonly picksOwnSids: boolean;
}

export type Platform = ReturnType<typeof platform>;
/** What a device is said to be: by EL2's truth table, or by the host that registers it. */
export type Description = ValueOf<Platform['Description']>;

/**
 * The fixed wiring.
 * @param sids the StreamIDs of the scenario
 * @param devices one description per device, in order
 * @param clientsPerDevice most devices have one client to read and one to write
 */
export function platform(
  { device, smmu, smmuOf }: Parts,
  sids: readonly TegraSid[],
  devices: readonly DeviceInTruth[],
  clientsPerDevice: number,
) {
  const Sid: EnumSort<TegraSid> = enumOf(...sids);
  const Sids = set(Sid);
  const client: IndexSort<'client'> = index('client', device.size * clientsPerDevice);
  const deviceOf = (c: Client): Device => device.of(c % device.size);

  const Description = record('Description', { smmu, sids: Sids });
  /** truth[d] of B10. Which guests may have the device is another scenario's matter. */
  const truth = (d: Device) => Description.make({ smmu: smmuOf(d), sids: Sids.make(devices[d].sids) });
  /** What the host may say of a device: any SMMU, any StreamIDs. */
  const descriptions = smmu.values.flatMap((k: Smmu) =>
    subsets(sids).map((some) => Description.make({ smmu: k, sids: Sids.make(some) })),
  );

  /** What the engine behind a client may present when the memory controller does not override it. */
  const engineSids = (c: Client): readonly TegraSid[] => {
    const { sids: own, picksOwnSids } = devices[deviceOf(c)];
    return picksOwnSids ? own : sids;
  };

  return { Sid, Sids, client, deviceOf, Description, truth, descriptions, engineSids };
}

/** All but the empty one. */
function subsets<T>(of: readonly T[]): T[][] {
  return of.reduce<T[][]>((all, one) => [...all, ...all.map((some) => [...some, one])], [[]]).slice(1);
}
