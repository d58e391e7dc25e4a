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
        "indexed": false,
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "BudgetSet",
    "type": "event"
  },
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
        "name": "evaluatorId",
        "type": "uint256"
      }
    ],
    "name": "EvaluatorSet",
    "type": "event"
  },
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
        "indexed": false,
        "internalType": "bytes32",
        "name": "ruling",
        "type": "bytes32"
      }
    ],
    "name": "JobArbitrated",
    "type": "event"
  },
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
        "name": "evaluatorId",
        "type": "uint256"
      },
      {
        "indexed": false,
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "JobCompleted",
    "type": "event"
  },
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
        "name": "by",
        "type": "uint256"
      }
    ],
    "name": "JobDisputed",
    "type": "event"
  },
  {
    "anonymous": false,
    "inputs": [
      {
        "indexed": true,
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "name": "JobExpired",
    "type": "event"
  },
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
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "JobFunded",
    "type": "event"
  },
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
        "name": "evaluatorId",
        "type": "uint256"
      },
      {
        "indexed": false,
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "JobRejected",
    "type": "event"
  },
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
        "name": "providerId",
        "type": "uint256"
      },
      {
        "indexed": false,
        "internalType": "bytes32",
        "name": "deliverable",
        "type": "bytes32"
      }
    ],
    "name": "JobSubmitted",
    "type": "event"
  },
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
        "name": "providerId",
        "type": "uint256"
      }
    ],
    "name": "ProviderSet",
    "type": "event"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "bytes32",
        "name": "ruling",
        "type": "bytes32"
      }
    ],
    "name": "arbitrate",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "evaluatorId",
        "type": "uint256"
      },
      {
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "complete",
    "outputs": [],
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
    "name": "createCompletedJobs",
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
        "name": "jobId",
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
    "name": "createJobWithId",
    "outputs": [],
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
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "by",
        "type": "uint256"
      }
    ],
    "name": "dispute",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      }
    ],
    "name": "expire",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "clientId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "fund",
    "outputs": [],
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
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "evaluatorId",
        "type": "uint256"
      },
      {
        "internalType": "bytes32",
        "name": "reason",
        "type": "bytes32"
      }
    ],
    "name": "reject",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "amount",
        "type": "uint256"
      }
    ],
    "name": "setBudget",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "evaluatorId",
        "type": "uint256"
      }
    ],
    "name": "setEvaluator",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "providerId",
        "type": "uint256"
      }
    ],
    "name": "setProvider",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  },
  {
    "inputs": [
      {
        "internalType": "uint256",
        "name": "jobId",
        "type": "uint256"
      },
      {
        "internalType": "uint256",
        "name": "providerId",
        "type": "uint256"
      },
      {
        "internalType": "bytes32",
        "name": "deliverable",
        "type": "bytes32"
      }
    ],
    "name": "submit",
    "outputs": [],
    "stateMutability": "nonpayable",
    "type": "function"
  }
] as const

export const jobRegistryBytecode =
  '0x60806040526001600055348015601457600080fd5b50610956806100246000396000f3fe608060405234801561001057600080fd5b50600436106100f55760003560e01c806386234b2f11610097578063bf81bf4311610066578063bf81bf43146101d5578063c2b68536146101e8578063e015b73a146101fb578063f4c0bfb21461020e57600080fd5b806386234b2f146101935780639675dc17146101a6578063b0c2aa5e146101b9578063b3e3d8a0146101c257600080fd5b80631f2f7fc3116100d35780631f2f7fc3146101355780633b30fc1a14610148578063563b825f1461016d578063725cc2e11461018057600080fd5b8063111d7d50146100fa5780631254db451461010f578063127b622b14610122575b600080fd5b61010d610108366004610744565b610221565b005b61010d61011d366004610770565b610261565b61010d610130366004610770565b610292565b61010d610143366004610770565b6102d0565b61015b610156366004610792565b610301565b60405190815260200160405180910390f35b61010d61017b3660046107da565b6103ae565b61010d61018e366004610770565b610406565b61015b6101a1366004610832565b610437565b61010d6101b4366004610770565b6104a6565b61015b60005481565b61015b6101d0366004610792565b6104d8565b61010d6101e3366004610882565b61067d565b61010d6101f6366004610744565b6106ab565b61010d610209366004610744565b6106de565b61010d61021c366004610744565b610711565b81837feb8254c25bbd9490f81e01ed645cc41c5f1701a8d247cac1e33ed721e539f10f8360405161025491815260200190565b60405180910390a3505050565b604051819083907f75596a51662b4bb1a88ae57182e6bb4eec1b6f81def0d8cf1241944ffa6a530690600090a35050565b817f0d28fe751a8ad422604e277f2ad7c8c7ce978affc8e98509f5ed94e579144e0e826040516102c491815260200190565b60405180910390a25050565b604051819083907f2f86696b420aa8d6e35f66f693ea69962e1a320f7f56220e777ec1db4090313090600090a35050565b60008054905b85811015610398578461031a82846108ca565b7f8fa5bc0767933ee4154bd24cd51acac3ba9023a766aaca15ff01fc394c91b27d6103466004856108e3565b6103516004866108e3565b61035c9060016108ca565b610366868a6108ca565b6040805160ff9485168152939092166020840152908201526060810187905260800160405180910390a3600101610307565b506103a385826108ca565b600055949350505050565b6040805160ff80851682528316602082015290810185905260608101849052859087907f8fa5bc0767933ee4154bd24cd51acac3ba9023a766aaca15ff01fc394c91b27d9060800160405180910390a3505050505050565b604051819083907fefcbb73a5ab60a7ae714cb43288138891e16cda1892525bd660d5e04da0f4f7990600090a35050565b6000805481806104468361091e565b909155506040805160ff80871682528516602082015290810187905260608101869052909150869082907f8fa5bc0767933ee4154bd24cd51acac3ba9023a766aaca15ff01fc394c91b27d9060800160405180910390a395945050505050565b817f869e2577b006bf47ee981cf6fec2e25583548081c14b98deab587f77b5068038826040516102c491815260200190565b60008054905b858110156103985760006104f282846108ca565b905060006105016008846108e3565b61050c9060016108ca565b905086827f8fa5bc0767933ee4154bd24cd51acac3ba9023a766aaca15ff01fc394c91b27d61053c6004876108e3565b6105476004886108e3565b6105529060016108ca565b61055c888c6108ca565b6040805160ff9485168152939092166020840152908201526060810189905260800160405180910390a3604051819083907fefcbb73a5ab60a7ae714cb43288138891e16cda1892525bd660d5e04da0f4f7990600090a386827feb8254c25bbd9490f81e01ed645cc41c5f1701a8d247cac1e33ed721e539f10f6105e0868a6108ca565b60405190815260200160405180910390a3604051828152819083907fcdbe1bc73305861a19ad110d24b53408110e34a921d96f13d460e3de42771bf19060200160405180910390a36106336004846108e3565b61063e9060016108ca565b60405183815283907f37c6f4432ebc7a56703083d9f9a942886aea477ea276ec9ab27ccaa4c0f701b89060200160405180910390a350506001016104de565b60405181907f97237956f8810192811e2c3f273fd02c5d6295206fdd9c62e6fe2bfc19ba923290600090a250565b81837fcdbe1bc73305861a19ad110d24b53408110e34a921d96f13d460e3de42771bf18360405161025491815260200190565b81837fbcd769111c858e4713efd41193ff4c60d52cf63256df38c99efbe0f58c41d49a8360405161025491815260200190565b81837f37c6f4432ebc7a56703083d9f9a942886aea477ea276ec9ab27ccaa4c0f701b88360405161025491815260200190565b60008060006060848603121561075957600080fd5b505081359360208301359350604090920135919050565b6000806040838503121561078357600080fd5b50508035926020909101359150565b600080600080608085870312156107a857600080fd5b5050823594602084013594506040840135936060013592509050565b803560ff811681146107d557600080fd5b919050565b60008060008060008060c087890312156107f357600080fd5b86359550602087013594506040870135935060608701359250610818608088016107c4565b915061082660a088016107c4565b90509295509295509295565b600080600080600060a0868803121561084a57600080fd5b853594506020860135935060408601359250610868606087016107c4565b9150610876608087016107c4565b90509295509295909350565b60006020828403121561089457600080fd5b5035919050565b7f4e487b7100000000000000000000000000000000000000000000000000000000600052601160045260246000fd5b808201808211156108dd576108dd61089b565b92915050565b600082610919577f4e487b7100000000000000000000000000000000000000000000000000000000600052601260045260246000fd5b500690565b60007fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff820361094f5761094f61089b565b506001019056' as const
