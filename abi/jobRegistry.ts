// Generated from JobRegistry.sol by `npm run abi`; do not edit.
export const jobRegistryAbi = [
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "clientId",
        "type": "uint256"
      },
      {
        "indexed": false,
        "internalType": "uint8",
        "name": "strategyType",
        "type": "uint8"
      },
      {
        "indexed": false,
        "internalType": "uint8",
        "name": "verificationLevel",
        "type": "uint8"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "budget",
        "type": "uint256"
      },
      {
        "indexed": false,
        "internalType": "uint256",
        "name": "deadline",
        "type": "uint256"
      }
    ],
    "name": "JobCreated",
    "type": "event"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "clientId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "budget",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "deadline",
        "type": "uint256"
      },
      {
        "internalType": "uint8",
        "name": "strategyType",
        "type": "uint8"
      },
      {
        "internalType": "uint8",
        "name": "verificationLevel",
        "type": "uint8"
      }
    ],
    "name": "createJob",
    "outputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "count",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "clientId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "budget",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "deadline",
        "type": "uint256"
      }
    ],
    "name": "createJobs",
    "outputs": [
      {
        "internalType": "uint256",
        "name": "firstJobId",
        "type": "uint256"
      }
    ],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [],
    "name": "nextJobId",
    "outputs": [
      {
        "internalType": "uint256",
        "name": "",
        "type": "uint256"
      }
    ],
    "stateMutability": "view",
    "type": "function"
  }
] as const

export const jobRegistryBytecode =
  '0x60806040526001600055348015601457600080fd5b506102f6806100246000396000f3fe608060405234801561001057600080fd5b50600436106100415760003560e01c80633b30fc1a1461004657806386234b2f1461006b578063b0c2aa5e1461007e575b600080fd5b6100596100543660046101a3565b610087565b60405190815260200160405180910390f35b6100596100793660046101eb565b610134565b61005960005481565b60008054905b8581101561011e57846100a0828461026a565b7f8fa5bc0767933ee4154bd24cd51acac3ba9023a766aaca15ff01fc394c91b27d6100cc600485610283565b6100d7600486610283565b6100e290600161026a565b6100ec868a61026a565b6040805160ff9485168152939092166020840152908201526060810187905260800160405180910390a360010161008d565b50610129858261026a565b600055949350505050565b600080548180610143836102be565b909155506040805160ff80871682528516602082015290810187905260608101869052909150869082907f8fa5bc0767933ee4154bd24cd51acac3ba9023a766aaca15ff01fc394c91b27d9060800160405180910390a395945050505050565b600080600080608085870312156101b957600080fd5b5050823594602084013594506040840135936060013592509050565b803560ff811681146101e657600080fd5b919050565b600080600080600060a0868803121561020357600080fd5b853594506020860135935060408601359250610221606087016101d5565b915061022f608087016101d5565b90509295509295909350565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052601160045260246000fd5b8082018082111561027d5761027d61023b565b92915050565b6000826102b9577f4e487b7100000000000000000000000000000000000000000000000000000000600052601260045260246000fd5b500690565b60007fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff82036102ef576102ef61023b565b506001019056' as const
